//! The opening board of a real gateway.

use baohan_gateway::access::Role;
use baohan_gateway::cli::demo::cast;
use baohan_gateway::sandbox::hainan::Application;
use jiff::civil::Date;
use reqwest::StatusCode;

use super::visitor::Page;
use super::{CONSOLE, noon};
use crate::house::{House, on_both_databases};

/// Applies for so many guarantees of one section and waits for their letters; the platform encrypts with one key for all, or
/// with one for each.
pub async fn sealed(house: &House, count: usize, one_key: bool) -> Vec<Application> {
    let first = house.sandbox.generate();
    let mut applied = Vec::new();
    for _ in 0..count {
        let other = house.sandbox.generate();
        let application = Application {
            key: if one_key { first.key } else { other.key },
            section_number: first.section_number.clone(),
            section_name: first.section_name.clone(),
            beneficiary: first.beneficiary.clone(),
            beneficiary_code: first.beneficiary_code.clone(),
            ..other
        };
        assert!(house.sandbox.apply(application.clone()).await.unwrap().is_accepted());
        applied.push(application);
    }
    let arrived =
        |it: &Application| house.sandbox.delivery(&it.applyno).is_some_and(|it| it.ciphertext.is_some());
    house.until(|_| applied.iter().all(arrived)).await;
    applied
}

async fn open(house: &House, application: &Application) {
    let applyno = &application.applyno;
    assert!(house.sandbox.restore(applyno).await.unwrap().is_accepted());
    house.until(|platform| platform.delivery(applyno).is_some_and(|it| it.plaintext.is_some())).await;
}

fn assert_shows(page: &Page, texts: &[&str]) {
    assert_eq!(page.status, StatusCode::OK);
    for text in texts {
        assert!(page.text.contains(text), "`{text}` is not in\n{}", page.text);
    }
}

/// The address of the only section on a board.
fn section_on(board: &Page) -> String {
    let (_, rest) = board.text.split_once("<h3><a href=\"").expect(&board.text);
    rest.split('"').next().unwrap().to_owned()
}

on_both_databases! {
    async fn a_section_is_counted_to_its_last_letter_and_named_from_its_key_on(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        noon(&house);
        let visitor = house.visitor("李工", &[Role::Operations]).await;
        let applied = sealed(&house, 3, false).await;
        let secrets = [&applied[0].section_name, &applied[0].section_number, &applied[0].beneficiary];
        for place in ["/openings", "/openings/live", "/", "/overview/live"] {
            let before = visitor.get(place).await;
            assert_eq!(before.status, StatusCode::OK);
            assert!(secrets.iter().all(|it| !before.text.contains(*it)), "{place} names the section:\n{}", before.text);
        }
        let waiting = "<td class=\"right\">3</td><td class=\"muted\">开标后可知</td>\n<td><span class=\"muted\">密文各不相同";
        assert_shows(&visitor.get("/openings").await, &["还没有收到任何标段的密钥", waiting]);
        let columns = "SELECT coalesce(section_mark, '') || coalesce(sealed_mark, '') || coalesce(opening_day_mark, '') AS line FROM guarantees";
        assert!(house.ledger().lines(columns).iter().all(|line| line.len() == 64 && !line.contains(secrets[1])));

        open(&house, &applied[0]).await;
        open(&house, &applied[1]).await;
        house.at_rest().await;
        let board = visitor.get("/openings").await;
        assert_shows(&board, &[secrets[0], secrets[1], "<b>2</b><span>/ 2</span>", "<td class=\"right\">1</td>"]);
        open(&house, &applied[2]).await;
        house.at_rest().await;
        let board = visitor.get("/openings/live").await;
        assert_shows(&board, &["<b>3</b><span>/ 3</span>", "全部送达", "<b>1 / 1</b><span>标段已全部送达", "没有等待开标的保函"]);

        let place = section_on(&board);
        let numbers: Vec<&str> = applied.iter().map(|it| it.applyno.as_str()).collect();
        assert_shows(&visitor.get(&place).await, &numbers);
        assert_shows(&visitor.get(&format!("{place}/live?behind=1")).await, &["<b>3</b><span>/ 3</span>"]);
        assert_eq!(visitor.get(&place.replace(place.rsplit('/').next().unwrap(), &"0".repeat(64))).await.status, StatusCode::NOT_FOUND);
        assert_shows(&visitor.get(&format!("{place}/export?format=csv")).await, &numbers);
        let another_day = visitor.get("/openings?day=2020-01-01").await;
        assert_shows(&another_day, &["还没有收到任何标段的密钥"]);
        assert_shows(&visitor.get("/openings?platform=elsewhere").await, &["还没有收到任何标段的密钥"]);
        assert_eq!(visitor.get("/openings?day=yesterday").await.status, StatusCode::BAD_REQUEST);
    }

    async fn a_missing_key_a_wrong_one_and_a_job_that_was_given_up_are_shown(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        noon(&house);
        let visitor = house.visitor("李工", &[Role::Operations]).await;
        let applied = sealed(&house, 3, true).await;
        assert_shows(&visitor.get("/openings").await, &[" · 3</span>", "还没有收到任何标段的密钥"]);

        open(&house, &applied[0]).await;
        assert_eq!(house.sandbox.restore_with_wrong_key(&applied[1].applyno).await.unwrap().code, "0");
        house.at_rest().await;
        let board = visitor.get("/openings").await;
        let wrong = house.stored(&applied[1].applyno).await.unwrap().id;
        let link = format!("href=\"/guarantees/{wrong}\">{}</a>", applied[1].applyno);
        assert_shows(&board, &["<b>1</b><span>/ 3</span>", "需要处理", "缺密钥 2", "密钥不符 1", &link]);
        let unassigned = board.text.split("id=\"unassigned\"").nth(1).unwrap();
        assert!(unassigned.contains("<td class=\"right\">0</td>") && !unassigned.contains(" · 2</span>"), "{unassigned}");
        let section = visitor.get(&section_on(&board)).await;
        assert_shows(&section, &["平台还没有推送密钥", &applied[2].applyno, "未收到密钥", "密钥不符"]);
        let first = visitor.get("/").await;
        assert_shows(&first, &["1 份保函收到的密钥不符", "已开标标段还缺 2 个密钥", "<a href=\"/openings\">去处理</a>"]);

        let opened = house.stored(&applied[0].applyno).await.unwrap().id;
        house.ledger().execute(&format!(
            "UPDATE jobs SET state = 'dead', cause = 'rejected', detail = '文件校验失败' WHERE lane = '{opened}' \
             AND position = (SELECT max(position) FROM jobs WHERE lane = '{opened}')"
        ));
        let board = visitor.get("/openings").await;
        assert_shows(&board, &["任务失败 1", "href=\"/queue?view=dead"]);
        let dead = house.ledger().lines("SELECT id AS line FROM jobs WHERE state = 'dead'");
        let link = format!("href=\"/queue/jobs/{}\"", dead[0]);
        assert_shows(&visitor.get(&section_on(&board)).await, &[&link, "文件校验失败"]);

        // The right key ends the trouble with the key.
        open(&house, &applied[1]).await;
        house.at_rest().await;
        let board = visitor.get("/openings").await;
        assert_shows(&board, &["<b>2</b><span>/ 3</span>", "缺密钥 1"]);
        assert!(!board.text.contains("密钥不符 1"), "{}", board.text);
    }

    async fn an_opening_that_the_platform_announced_is_counted_down_to(database: Database) {
        let house = House::with(cast::Role::Zhangzhou, database, CONSOLE).await.tender();
        let visitor = house.visitor("李工", &[Role::Operations]).await;
        let application = house.sandbox.generate();
        assert!(house.sandbox.apply(application.clone()).await.unwrap().is_accepted());
        let stored = house.stored(&application.applyno).await.unwrap();
        let digits: String = application.applyno.chars().filter(char::is_ascii_digit).collect();
        let day: Date = format!("{}-{}-28", &digits[..4], &digits[4..6]).parse().unwrap();
        let board = visitor.get(&format!("/openings?day={day}")).await;
        let until = format!("data-until=\"{day}T01:00:00Z\"");
        assert_shows(&board, &[&application.section_name, &until, "平台预告的开标"]);
        // The day itself would tell which public tender it is.
        let columns = format!("SELECT opening_day_mark AS line FROM guarantees WHERE id = '{}'", stored.id);
        assert!(house.ledger().lines(&columns).iter().all(|mark| mark.len() == 64));
        assert!(!visitor.get(&format!("/openings?day={}", day.tomorrow().unwrap())).await.text.contains("data-until"));
    }
}
