//! Placeholder of the tests to come.
