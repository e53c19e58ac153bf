//! What holds for every page, and what a reader sees of one.

use plimsoll_sim::{ReplayReport, html};

/// Everything that holds for every page.
pub(crate) fn check(report: &ReplayReport) -> String {
    let page = html(report);
    assert_eq!(page, html(&report.clone()), "not the same bytes");
    check_page(&page);
    page
}

/// Everything that holds for every page of any report.
pub(crate) fn check_page(page: &str) {
    for word in ["NaN", "inf", "undefined"] {
        assert!(!page.contains(word), "{word}: {}", around(page, word));
    }
    for outside in ["<script", "http:", "https:", "url(", "@import", " src="] {
        assert!(
            !page.contains(outside),
            "{outside}: {}",
            around(page, outside)
        );
    }
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    let tree = roxmltree::Document::parse_with_options(page, options).unwrap();
    let mut ids: Vec<&str> = tree
        .descendants()
        .filter_map(|n| n.attribute("id"))
        .collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id is given twice");
    for node in tree.descendants().filter(roxmltree::Node::is_element) {
        for (attribute, prefix) in [("href", "#"), ("aria-labelledby", "")] {
            if let Some(id) = node
                .attribute(attribute)
                .and_then(|v| v.strip_prefix(prefix))
            {
                assert!(ids.contains(&id), "nothing has the id {id}");
            }
        }
        match node.tag_name().name() {
            "th" => assert!(node.has_attribute("scope")),
            "svg"
                if node
                    .ancestors()
                    .skip(1)
                    .all(|a| a.tag_name().name() != "svg") =>
            {
                assert!(node.has_attribute("aria-label") || node.has_attribute("aria-hidden"));
            }
            _ => {}
        }
    }
}

fn around(page: &str, word: &str) -> String {
    let at = page.find(word).unwrap_or(0);
    page.chars()
        .skip(page[..at].chars().count().saturating_sub(80))
        .take(200)
        .collect()
}

/// What a reader sees of a page, with plain spaces.
pub(crate) fn words(page: &str) -> String {
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    let tree = roxmltree::Document::parse_with_options(page, options).unwrap();
    let texts = tree
        .descendants()
        .filter(|n| n.is_text() && !is_style(n))
        .filter_map(|n| n.text());
    texts.collect::<String>().replace('\u{a0}', " ")
}

fn is_style(node: &roxmltree::Node<'_, '_>) -> bool {
    node.parent_element()
        .is_some_and(|p| p.tag_name().name() == "style")
}
