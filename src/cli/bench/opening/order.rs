//! Whether letters arrived in the order in which their keys had come, which is the order of their deadlines.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

/// One guarantee through the opening.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    /// When the first key of all was sent.
    pub(super) first: Timestamp,
    pub(super) sent: Timestamp,
    pub(super) answered: Timestamp,
    pub(super) delivered: Option<Timestamp>,
}

impl Course {
    pub(super) fn since_first(&self) -> Option<Duration> {
        Duration::try_from(self.delivered?.duration_since(self.first)).ok()
    }

    pub(super) fn since_own(&self) -> Option<Duration> {
        Duration::try_from(self.delivered?.duration_since(self.sent)).ok()
    }
}

/// How often a letter arrived before one whose key had come earlier. A key came earlier than another if its answer was
/// there before the other was sent; between pushes that were under way together there is no order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Order {
    /// Letters for one platform that are made or on their way at once, over all gateways: so many may overtake one that
    /// was begun before them.
    pub(super) at_once: usize,
    pub(super) pairs_out_of_order: usize,
    /// The letter that most others overtook: how many.
    pub(super) most_overtaken_by: usize,
    /// Letters that more others overtook than can be in the making at once.
    pub(super) beyond_at_once: usize,
}

impl Order {
    pub(super) fn of(courses: &[Course], at_once: usize) -> Self {
        let overtaken = |course: &Course| {
            let overtook = |other: &&Course| {
                other.sent > course.answered
                    && other.delivered.is_some()
                    && other.delivered < course.delivered
            };
            course.delivered.map_or(0, |_| courses.iter().filter(overtook).count())
        };
        let counts: Vec<usize> = courses.iter().map(overtaken).collect();
        Self {
            at_once,
            pairs_out_of_order: counts.iter().sum(),
            most_overtaken_by: counts.iter().copied().max().unwrap_or_default(),
            beyond_at_once: counts.iter().filter(|count| **count > at_once).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sent, answered, delivered, in milliseconds.
    fn course((sent, answered, delivered): (i64, i64, Option<i64>)) -> Course {
        let at = |milliseconds| Timestamp::from_millisecond(1_700_000_000_000 + milliseconds).unwrap();
        Course { first: at(0), sent: at(sent), answered: at(answered), delivered: delivered.map(at) }
    }

    fn order(courses: &[(i64, i64, Option<i64>)], at_once: usize) -> (usize, usize, usize) {
        let courses: Vec<Course> = courses.iter().copied().map(course).collect();
        let Order { pairs_out_of_order, most_overtaken_by, beyond_at_once, .. } =
            Order::of(&courses, at_once);
        (pairs_out_of_order, most_overtaken_by, beyond_at_once)
    }

    #[test]
    fn a_letter_is_overtaken_by_those_whose_keys_came_after_its_own_was_answered() {
        assert_eq!(order(&[(0, 1, Some(50)), (2, 3, Some(60)), (4, 5, Some(70))], 1), (0, 0, 0));
        assert_eq!(order(&[(0, 1, Some(90)), (2, 3, Some(60)), (4, 5, Some(70))], 1), (2, 2, 1));
        assert_eq!(order(&[(0, 1, Some(90)), (2, 3, Some(60)), (4, 5, Some(70))], 2), (2, 2, 0));
    }

    #[test]
    fn pushes_that_were_under_way_together_have_no_order() {
        assert_eq!(order(&[(0, 10, Some(90)), (2, 3, Some(60))], 0), (0, 0, 0));
    }

    #[test]
    fn a_letter_that_never_came_overtakes_nobody() {
        assert_eq!(order(&[(0, 1, Some(90)), (2, 3, None)], 0), (0, 0, 0));
        assert_eq!(course((0, 1, None)).since_first(), None);
        assert_eq!(course((20, 21, Some(90))).since_first(), Some(Duration::from_millis(90)));
        assert_eq!(course((20, 21, Some(90))).since_own(), Some(Duration::from_millis(70)));
    }
}
