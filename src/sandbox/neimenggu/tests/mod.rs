//! The platform over real HTTP, against an institution that these tests make by hand.

mod answers;
mod fields;
mod institution;
mod life;
mod openssl;
mod pushes;
mod requests;
