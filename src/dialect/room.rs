//! How much room a platform has for what the institution chooses.

use super::meaning::Meaning;
use super::profile::Profile;

impl Profile {
    /// The longest guarantee number that every interface of the platform takes, in characters; None where none of them
    /// says a length. A platform may have less room for it in one interface than in another.
    pub fn longest_guarantee_number(&self) -> Option<usize> {
        let interfaces = self.inbound().chain(self.outbound().map(|(interface, _)| interface));
        let fields = interfaces.flat_map(|interface| &interface.fields);
        fields
            .filter(|field| field.is == Some(Meaning::GuaranteeNumber))
            .filter_map(|field| field.length)
            .min()
    }
}
