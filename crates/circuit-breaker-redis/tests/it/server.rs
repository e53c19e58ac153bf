//! Redis servers on free loopback ports, stopped with the test.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use circuit_breaker::fleet::FleetSettings;
use circuit_breaker_redis::{ConnectionManager, connection_config};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    _folder: tempfile::TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A server that answers, or a failed test.
    pub(crate) async fn start_with(more: &[String]) -> Self {
        let mut last = String::new();
        // Somebody else may take a port between our asking for a free one and the server's start.
        for _ in 0..5 {
            let port = free_port();
            match Self::start_on(port, more).await {
                Ok(server) => return server,
                Err(ended) => last = ended,
            }
        }
        panic!("no Redis server came up: {last}");
    }

    /// A server on that port that answers.
    pub(crate) async fn start_on(port: u16, more: &[String]) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--loglevel", "warning", "--port", &port.to_string()])
            .arg("--dir")
            .arg(folder.path())
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server must be installed (Debian: redis-server)");
        let mut server = Self {
            child,
            port,
            _folder: folder,
        };
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = server.child.try_wait().unwrap() {
                return Err(format!("redis-server on port {port} ended: {status}"));
            }
            if ping(port).await {
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(format!("redis-server on port {port} does not answer"))
    }

    /// Has the server hang, or go on: its connections stay, and nothing is answered.
    pub(crate) fn hang(&self, hang: bool) {
        let signal = if hang { "-STOP" } else { "-CONT" };
        let sent = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Connects with the first command, and again.
    pub(crate) fn manager(&self, settings: &FleetSettings) -> ConnectionManager {
        Client::open(format!("redis://127.0.0.1:{}/", self.port))
            .unwrap()
            .get_connection_manager_lazy(connection_config(settings))
            .unwrap()
    }

    pub(crate) async fn connect(&self) -> MultiplexedConnection {
        connect(self.port).await
    }

    /// Ends the server in the middle of things.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) async fn connect(port: u16) -> MultiplexedConnection {
    let client = Client::open(format!("redis://127.0.0.1:{port}/")).unwrap();
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .unwrap()
}

async fn ping(port: u16) -> bool {
    let Ok(client) = Client::open(format!("redis://127.0.0.1:{port}/")) else {
        return false;
    };
    let Ok(mut connection) = client.get_multiplexed_async_connection().await else {
        return false;
    };
    let answer: redis::RedisResult<String> = redis::cmd("PING").query_async(&mut connection).await;
    answer.is_ok()
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Three masters that share the slots.
pub(crate) struct Cluster {
    pub(crate) servers: Vec<Server>,
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        let mut servers = Vec::new();
        let mut buses = Vec::new();
        for _ in 0..3 {
            let bus = free_port();
            buses.push(bus);
            let more = [
                "--cluster-enabled".to_owned(),
                "yes".to_owned(),
                "--cluster-port".to_owned(),
                bus.to_string(),
                "--cluster-require-full-coverage".to_owned(),
                "no".to_owned(),
            ];
            servers.push(Server::start_with(&more).await);
        }
        for (i, server) in servers.iter().enumerate() {
            let mut connection = server.connect().await;
            let (first, last) = (i * 16_384 / 3, (i + 1) * 16_384 / 3 - 1);
            let added: redis::RedisResult<()> = redis::cmd("CLUSTER")
                .arg("ADDSLOTSRANGE")
                .arg(first)
                .arg(last)
                .query_async(&mut connection)
                .await;
            added.unwrap();
            for (other, bus) in servers.iter().zip(&buses).skip(i + 1) {
                let met: redis::RedisResult<()> = redis::cmd("CLUSTER")
                    .arg("MEET")
                    .arg("127.0.0.1")
                    .arg(other.port)
                    .arg(*bus)
                    .query_async(&mut connection)
                    .await;
                met.unwrap();
            }
        }
        let begun = Instant::now();
        for server in &servers {
            let mut connection = server.connect().await;
            loop {
                let info: String = redis::cmd("CLUSTER")
                    .arg("INFO")
                    .query_async(&mut connection)
                    .await
                    .unwrap();
                let whole = [
                    "cluster_state:ok",
                    "cluster_slots_ok:16384",
                    "cluster_known_nodes:3",
                ];
                if whole.iter().all(|line| info.contains(line)) {
                    break;
                }
                assert!(
                    begun.elapsed() < PATIENCE,
                    "the cluster does not form: {info}"
                );
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        Self { servers }
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.servers
            .iter()
            .map(|s| format!("redis://127.0.0.1:{}/", s.port))
            .collect()
    }
}
