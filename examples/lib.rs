//! The load trace that the stories share; and the Rust code of the guides, compiled.

/// Requests a minute, 1–21 June 1998; see `crates/plimsoll/data/README.md` for origin and terms.
pub const WORLD_CUP: &str = include_str!("../crates/plimsoll/data/worldcup98_part1_1m.csv");

/// Makes the code of guides doc tests, here because a package that is published holds no `docs`.
macro_rules! guides {
    ($($item:ident: $file:literal;)*) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../docs/", $file))]
            pub struct $item;
        )*

        #[cfg(test)]
        const GUIDES: &[&str] = &[$($file),*];
    };
}

guides! {
    Predictive: "predictive.md";
    RightSizing: "right-sizing.md";
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_guide_with_rust_code_is_compiled() -> Result<(), Box<dyn Error>> {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        let mut with_code = Vec::new();
        for entry in fs::read_dir(docs)? {
            let path = entry?.path();
            if fs::read_to_string(&path)?.contains("\n```rust") {
                let name = path.file_name().ok_or("no name")?;
                with_code.push(name.to_string_lossy().into_owned());
            }
        }
        with_code.sort();
        assert_eq!(with_code, super::GUIDES);
        Ok(())
    }
}
