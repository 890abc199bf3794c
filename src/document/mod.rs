//! Guarantee letters: from a template and data to pages, and from pages to OFD.

pub mod ofd;
