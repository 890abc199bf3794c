//! Statements handed in, explained and signed for by pages.

use baohan_gateway::access::Role;
use baohan_gateway::store::audit::{self, Actor};
use reqwest::{StatusCode, header};

use super::visitor::Page;
use super::{CONSOLE, noon};
use crate::house::{House, on_both_databases};

fn name(actor: Actor) -> String {
    match actor {
        Actor::Operator { name, .. } => name,
        other => panic!("expected somebody of the console, found {other:?}"),
    }
}

/// What the trail has of acts, in order.
async fn acts(house: &House) -> Vec<(String, String)> {
    let store = &house.gateway.assembly.store;
    let found = store.read(|connection| {
        audit::list(connection, &audit::Filter { limit: 100, ..audit::Filter::default() })
    });
    let mut acts: Vec<_> = found.await.unwrap().into_iter().map(|it| (it.action, name(it.actor))).collect();
    acts.reverse();
    acts
}

fn assert_shows(page: &Page, texts: &[&str]) {
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    for text in texts {
        assert!(page.text.contains(text), "`{text}` is not in\n{}", page.text);
    }
}

on_both_databases! {
    async fn differences_are_shown_on_both_sides_explained_and_signed_for(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let day = noon(&house);
        let maker = house.visitor("经办", &[Role::Maker]).await;
        let checker = house.visitor("复核", &[Role::Checker]).await;
        let operations = house.visitor("运维", &[Role::Operations]).await;
        let (missing, other) = (house.issued().await, house.issued().await);
        house.at_rest().await;
        let (missing, other) = (house.number(&missing).await, house.number(&other).await);
        let file = format!("保函编号,保证金金额\n{other},1.00\nBH-STRANGER,2.00\n").into_bytes();

        let place = format!("/reconciliations?platform=hainan&day={day}&name=list.csv");
        let refused = maker.upload(&place, "保函编号,保证金金额\nBH1,很多\n".as_bytes().to_vec()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/plain"));
        assert!(refused.text.contains("第 2 行，列“保证金金额”"), "{}", refused.text);
        assert_eq!(operations.upload(&place, file.clone()).await.status, StatusCode::FORBIDDEN);
        assert_shows(&maker.get("/reconciliations").await, &["没有符合条件的核对记录", "导入平台对账单"]);
        assert!(!operations.get("/reconciliations").await.text.contains("导入平台对账单"));

        let imported = maker.upload(&place, file.clone()).await;
        assert_eq!(imported.status, StatusCode::CREATED, "{}", imported.text);
        let one = imported.location().to_owned();
        assert_eq!(maker.upload(&place, file).await.status, StatusCode::OK, "the same file is compared once");
        let page = checker.get(&one).await;
        assert_shows(&page, &["仅我方有 1", "仅对方有 1", "金额不符 1", "未说明 3", &missing, &other, "BH-STRANGER", "经办"]);
        assert_shows(&page, &["<b class=\"differs\">1.00</b>", "<span class=\"differs\">没有</span>"]);
        let only = checker.get(&format!("{one}?kind=only-theirs")).await;
        assert!(only.text.contains("BH-STRANGER") && !only.text.contains(&missing));
        assert_shows(&checker.get("/reconciliations?open=yes").await, &[&one, "有差异未说明"]);
        assert_shows(&checker.get("/").await, &["3 笔对账差异未说明"]);

        let silent = checker.post(&format!("{one}/signature"), &[("remark", " ")]).await;
        assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(silent.text.contains("还有 3 笔差异未说明"), "{}", silent.text);
        let remark = [("difference", "1"), ("remark", "平台录入有误")];
        let said = maker.post(&format!("{one}/remarks"), &remark).await;
        assert_eq!((said.status, said.location()), (StatusCode::SEE_OTHER, &*format!("{one}#difference-1")));
        assert_shows(&checker.get(&format!("{one}?open=yes")).await, &["未说明 2"]);
        assert_eq!(operations.post(&format!("{one}/signature"), &[("remark", "好")]).await.status, StatusCode::FORBIDDEN);
        let signed = checker.post(&format!("{one}/signature"), &[("remark", "其余两笔次日核对")]).await;
        assert_eq!(signed.status, StatusCode::SEE_OTHER, "{}", signed.text);
        let page = maker.get(&one).await;
        assert_shows(&page, &["已签认", "其余两笔次日核对", "平台录入有误"]);
        assert!(!page.text.contains("<textarea"), "what is signed is not changed");
        assert_eq!(maker.post(&format!("{one}/remarks"), &remark).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_shows(&checker.get("/reconciliations?open=yes").await, &["没有符合条件的核对记录"]);

        let statement = checker.get(&format!("/reconciliations/statement?platform=hainan&from={day}&until={day}&format=csv")).await;
        assert_shows(&statement, &[&missing, &other]);
        assert!(statement.headers[header::CONTENT_DISPOSITION].to_str().unwrap().contains(&format!("hainan-{day}")));
        let act = |action: &str, name: &str| (action.to_owned(), name.to_owned());
        let taken = checker.get(&format!("{one}/export?format=csv")).await;
        assert_shows(&taken, &["仅对方有", "BH-STRANGER", "平台录入有误（经办）"]);
        let expected = [
            act("reconciliation.import", "经办"),
            act("reconciliation.remark", "经办"),
            act("reconciliation.sign", "复核"),
            act("list.export", "复核"),
            act("list.export", "复核"),
        ];
        assert_eq!(acts(&house).await, expected, "once each, and nothing for what was refused");
    }
}
