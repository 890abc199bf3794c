//! The platform over real HTTP, against an institution that these tests make by hand.

mod acts;
mod deliveries;
mod faults;
mod strictness;
mod upload;
