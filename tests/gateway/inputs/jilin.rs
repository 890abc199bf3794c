//! 吉林: an empty field that takes no part in the digest, rare characters, JSON numbers in a signed message, and
//! `Reason` with a capital.

use baohan_gateway::cli::demo::cast::Role;
use baohan_gateway::domain::invoice::InvoiceKind;

use super::push;
use crate::files::{self, filled};
use crate::house::{House, on_both_databases};
use crate::pushes::{SUCCESS, failure};

const APPLYNO: &str = "TBaoHanJL2022101114020900001";

on_both_databases! {
    async fn the_files_do_what_they_are_there_for(database: Database) {
        let house = House::with(Role::Jilin, database, "").await.tender();
        let file = |name: &str| files::text(Role::Jilin, name);
        let application = file("01-baohanapply.json");
        house.sandbox.enter(files::application(Role::Jilin, &application)).unwrap();
        push(&house, "baohanapply", &application, SUCCESS).await;
        house.until(|platform| platform.delivery(APPLYNO).is_some_and(|it| it.ciphertext.is_some())).await;
        let guarantee = house.stored(APPLYNO).await.unwrap();
        assert_eq!(guarantee.application.applicant.name, "吉林省㛃晟示例建筑工程有限公司");
        assert_eq!(guarantee.application.contact.name.as_deref(), Some("张䶮"));
        assert_eq!(guarantee.application.contact.phone, None);

        let number = house.number(APPLYNO).await;
        let invoice = filled(Role::Jilin, &file("02-invoiceapply-numbers.json"), &number);
        push(&house, "invoiceapply", &invoice, &failure("保函尚未还原，不能开具发票")).await;
        assert!(house.sandbox.restore(APPLYNO).await.unwrap().is_accepted());
        house.until(|platform| platform.delivery(APPLYNO).unwrap().plaintext.is_some()).await;
        push(&house, "invoiceapply", &invoice, SUCCESS).await;
        push(&house, "claimsnotice", &filled(Role::Jilin, &file("03-claimsnotice.json"), &number), SUCCESS).await;
        house.at_rest().await;

        assert!(house.sandbox.delivery(APPLYNO).unwrap().exactly_once());
        let guarantee = house.stored(APPLYNO).await.unwrap();
        let invoice = guarantee.invoice.unwrap().request;
        assert_eq!((invoice.kind, invoice.amount.to_string().as_str()), (InvoiceKind::Ordinary, "3200.00"));
        let claim = guarantee.claim.unwrap().request;
        assert_eq!(claim.reason.as_deref(), Some("中标人无正当理由不与招标人订立合同"));
        assert_eq!(claim.claimant.phone.as_deref(), Some("13700002222"));
    }
}
