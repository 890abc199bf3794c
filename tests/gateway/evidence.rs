//! Evidence of claims: fetched on somebody's word, from hosts that the settings name, into quarantine; and taken away from
//! there by people only.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use baohan_gateway::access::Role;
use baohan_gateway::store::audit;
use baohan_gateway::store::evidence::{self, Evidence};
use reqwest::{StatusCode, header};
use serde_json::Value;

use crate::claims::answer;
use crate::console::CONSOLE;
use crate::house::{House, on_both_databases};
use crate::serving::{program, said};

const TOKEN: &str = "t0ken-75319";

/// Larger than `[evidence] file_bytes` of these tests.
const TOO_MUCH: usize = 300_000;

/// A server of somebody else's, with a file of each sort.
struct Shelf {
    address: SocketAddr,
    /// Paths that were asked for.
    asked: Arc<Mutex<Vec<String>>>,
    /// What is slow goes on until this is gone.
    patience: Sender<()>,
}

impl Shelf {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, (patience, waiting)) = (listener.local_addr().unwrap(), channel());
        let (asked, waiting) = (Arc::default(), Arc::new(Mutex::new(waiting)));
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, waiting) = (Arc::clone(&noted), Arc::clone(&waiting));
                std::thread::spawn(move || serve(stream, &noted, &waiting));
            }
        });
        Self { address, asked, patience }
    }

    fn visits(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn settings(&self) -> String {
        format!(
            "{CONSOLE}\n[outbound]\nhosts = [\"http://{}\", \"http://169.254.169.254\", \"http://10.0.0.1\"]\n\
             private = [\"127.0.0.0/8\"]\n[evidence]\nfile_bytes = 200000\ntimeout = \"20s\"\n",
            self.address
        )
    }

    fn link(&self, name: &str) -> String {
        format!("http://{}/{name}?token={TOKEN}", self.address)
    }
}

fn pdf() -> Vec<u8> {
    b"%PDF-1.7\n1 0 obj <</Type/Catalog>> endobj\nstartxref\n9\n%%EOF\n".to_vec()
}

/// Nobody who stays is left out: each answer ends with its connection.
fn serve(mut stream: TcpStream, asked: &Mutex<Vec<String>>, waiting: &Mutex<Receiver<()>>) {
    let (mut request, mut chunk) = (Vec::new(), [0; 4096]);
    while !request.windows(4).any(|it| it == b"\r\n\r\n") {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&chunk[..count]),
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(['?', ' ']).nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(path.clone());
    let (head, body) = match path.as_str() {
        "/letter.pdf" => ("200 OK\r\nContent-Type: text/html", pdf()),
        "/program.pdf" => ("200 OK\r\nContent-Type: application/pdf", b"MZ\x90\0".repeat(9)),
        "/page.pdf" => ("200 OK\r\nContent-Type: application/pdf", b"<html><script>1</script>".to_vec()),
        "/active.pdf" => ("200 OK", [&pdf()[..9], b"<</S/JavaScript>>", &pdf()[9..]].concat()),
        "/elsewhere" => ("302 Found\r\nLocation: http://169.254.169.254/latest/meta-data", Vec::new()),
        "/large.pdf" => ("200 OK", [pdf(), vec![b' '; TOO_MUCH]].concat()),
        "/bomb" => {
            let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            bomb.write_all(&vec![0; 8 * 1024 * 1024]).unwrap();
            ("200 OK\r\nContent-Encoding: gzip", bomb.finish().unwrap())
        }
        "/slow.pdf" => {
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%PDF-1.7"));
            // Until the test has seen enough.
            let _over = waiting.lock().unwrap().recv();
            return;
        }
        _ => ("404 Not Found", Vec::new()),
    };
    // Without its length, so that what is too large shows only on the way.
    let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n");
    drop(stream.write_all(head.as_bytes()));
    drop(stream.write_all(&body));
}

async fn known(house: &House, applyno: &str) -> Vec<Evidence> {
    let id = house.stored(applyno).await.unwrap().id;
    house.gateway.assembly.store.read(move |c| evidence::of_guarantee(c, &id)).await.unwrap()
}

/// Action and detail of what the trail has about evidence, oldest first.
async fn trail(house: &House) -> Vec<(String, Value)> {
    let filter = audit::Filter { action: Some("evidence.".to_owned()), limit: 100, ..Default::default() };
    let entries = house.gateway.assembly.store.read(move |c| audit::list(c, &filter)).await.unwrap();
    entries.into_iter().rev().map(|entry| (entry.action, entry.detail)).collect()
}

on_both_databases! {
    async fn evidence_is_fetched_on_somebodys_word_and_kept_where_people_only_get_at_it(database: Database) {
        let shelf = Shelf::open();
        let house = House::open_with(database, &shelf.settings()).await;
        let applyno = house.issued().await;
        house.at_rest().await;
        let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
        let links = [
            (shelf.link("letter.pdf"), "fetched", None),
            (shelf.link("program.pdf"), "refused", Some("type")),
            (shelf.link("page.pdf"), "refused", Some("type")),
            (shelf.link("active.pdf"), "refused", Some("active")),
            (shelf.link("elsewhere"), "refused", Some("redirect")),
            (shelf.link("large.pdf"), "refused", Some("too-large")),
            (shelf.link("bomb"), "refused", Some("encoding")),
            (shelf.link("nothing"), "failed", Some("http-404")),
            (format!("http://{}/", stranger.local_addr().unwrap()), "refused", Some("host")),
            ("http://169.254.169.254/latest/meta-data".to_owned(), "refused", Some("metadata")),
            ("http://10.0.0.1/admin".to_owned(), "refused", Some("private")),
            ("file:///etc/passwd".to_owned(), "refused", Some("no-address")),
        ];
        let files: Vec<&str> = links.iter().map(|(link, ..)| link.as_str()).collect();
        assert!(house.sandbox.claim_with(&applyno, &files).await.unwrap().is_accepted());
        house.at_rest().await;
        assert_eq!((shelf.visits(), known(&house, &applyno).await.len()), (0, 0));

        let guarantee = house.stored(&applyno).await.unwrap().id.to_string();
        let place = format!("/guarantees/{guarantee}/evidence");
        let maker = house.visitor("maker", &[Role::Maker]).await;
        let shown = maker.get(&place).await;
        assert_eq!(shown.text.matches("action=\"/evidence/ask\"").count(), links.len(), "{}", shown.text);
        assert!(!shown.text.contains(TOKEN), "{}", shown.text);
        for item in 1..=links.len() {
            let item = item.to_string();
            let fields = [("guarantee", guarantee.as_str()), ("item", item.as_str())];
            let asked = maker.post("/evidence/ask", &fields).await;
            assert_eq!((asked.status, asked.location()), (StatusCode::SEE_OTHER, place.as_str()), "{item}");
        }
        house.at_rest().await;
        let found = known(&house, &applyno).await;
        let outcomes: Vec<_> = found.iter().map(|it| (it.state.name(), it.reason.as_deref())).collect();
        let expected: Vec<_> = links.iter().map(|(_, state, reason)| (*state, *reason)).collect();
        assert_eq!(outcomes, expected);
        stranger.set_nonblocking(true).unwrap();
        assert!(stranger.accept().is_err(), "somebody called whom no setting names");

        let ask = async |item: &str| {
            maker.post("/evidence/ask", &[("guarantee", guarantee.as_str()), ("item", item)]).await
        };
        assert_eq!(ask("1").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(ask("8").await.status, StatusCode::SEE_OTHER);
        assert_eq!(ask("0").await.status, StatusCode::NOT_FOUND);
        assert_eq!(ask("13").await.status, StatusCode::NOT_FOUND);
        house.at_rest().await;

        let file = format!("/evidence/{}/file", found[0].id);
        let taken = maker.get(&file).await;
        let told = |name: &str| taken.headers.get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!(taken.text.as_bytes(), pdf());
        assert_eq!(told("content-disposition"), "attachment; filename=\"evidence-1-1.pdf\"");
        assert_eq!(told("content-type"), "application/pdf");
        assert_eq!(told("x-content-type-options"), "nosniff");
        assert!(told(header::CONTENT_SECURITY_POLICY.as_str()).contains("sandbox"));
        assert_eq!(maker.get(&format!("/evidence/{}/file", found[1].id)).await.status, StatusCode::NOT_FOUND);
        let auditor = house.visitor("auditor", &[Role::Auditor]).await;
        assert_eq!(auditor.get(&file).await.status, StatusCode::FORBIDDEN);
        assert_eq!(auditor.get(&place).await.status, StatusCode::OK);

        // No platform has a link to it.
        let document = found[0].file.as_ref().unwrap().document.to_string();
        assert_eq!(house.ledger().lines(&format!("SELECT document FROM links WHERE document = '{document}'")).len(), 0);
        let fetched = reqwest::Client::builder().no_proxy().build().unwrap();
        let fetched = fetched.get(format!("http://{}/files/{document}", house.gateway.address)).send().await;
        assert_eq!(fetched.unwrap().status(), StatusCode::NOT_FOUND);

        let trail = trail(&house).await;
        let count = |action: &str| trail.iter().filter(|(found, _)| found == action).count();
        assert_eq!((count("evidence.ask"), count("evidence.fetch"), count("evidence.download")), (13, 13, 1));
        assert!(trail.iter().all(|(_, detail)| !detail.to_string().contains(TOKEN)), "{trail:?}");
    }

    async fn a_server_that_drips_holds_up_nothing_of_its_guarantee(database: Database) {
        let shelf = Shelf::open();
        let house = House::open_with(database, &shelf.settings()).await;
        let applyno = house.issued().await;
        house.at_rest().await;
        assert!(house.sandbox.claim_with(&applyno, &[&shelf.link("slow.pdf")]).await.unwrap().is_accepted());
        let files = [house.settings.clone(), house.overrides.clone()];
        let evidence = |command: &'static str, more: &[&str]| {
            let arguments = ["evidence", command, "--platform", "hainan", applyno.as_str()];
            let printed = said(program(&files, &[]).args(arguments).args(more));
            String::from_utf8(printed).unwrap()
        };
        assert!(evidence("fetch", &["1"]).contains("the running gateway will fetch it"));
        let clock = &house.gateway.assembly.clock;
        while shelf.visits() == 0 {
            clock.wait(Duration::from_millis(10)).await;
        }
        answer(&house, &applyno, "paid", Value::Null).await;
        // Not `noticed`, which waits until nothing is left to do.
        house
            .until(|platform| {
                platform.delivery(&applyno).unwrap().notices.contains_key("claimsresultnotice")
            })
            .await;
        let now = known(&house, &applyno).await;
        assert_eq!((now[0].state.name(), now[0].reason.as_deref()), ("asked", None));
        drop(shelf.patience);
        house.at_rest().await;
        let found = known(&house, &applyno).await;
        assert_eq!((found[0].state.name(), found[0].reason.as_deref()), ("refused", Some("content")));
        let listed = evidence("list", &[]);
        assert!(listed.contains("refused (content)") && !listed.contains(TOKEN), "{listed}");
    }
}
