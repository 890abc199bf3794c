//! A server of mail that a test looks into: as much of SMTP (RFC 5321) as one mail takes.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone, Debug)]
pub struct Letter {
    pub recipients: Vec<String>,
    pub head: String,
    pub text: String,
}

pub struct Mailbox {
    pub port: u16,
    letters: Arc<Mutex<Vec<Letter>>>,
}

impl Mailbox {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, letters) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&letters);
        drop(baohan_gateway::supervise::spawn("mailbox", async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                drop(baohan_gateway::supervise::spawn("mail", async move { serve(stream, &kept).await }));
            }
        }));
        Self { port, letters }
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }
}

async fn serve(stream: TcpStream, kept: &Mutex<Vec<Letter>>) {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    let mut recipients = Vec::new();
    writing.write_all(b"220 mailbox.example.com\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => "250-mailbox.example.com\r\n250 8BITMIME\r\n",
            "RCPT" => {
                recipients.push(line.split(['<', '>']).nth(1).unwrap().to_owned());
                "250 ok\r\n"
            }
            "DATA" => {
                writing.write_all(b"354 go on\r\n").await.unwrap();
                let mut data = Vec::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    data.push(line);
                }
                kept.lock().unwrap().push(letter(std::mem::take(&mut recipients), &data));
                "250 taken\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        writing.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn letter(recipients: Vec<String>, data: &[String]) -> Letter {
    let end = data.iter().position(String::is_empty).unwrap();
    let (head, body) = data.split_at(end);
    let head = head.join("\n");
    let text = if head.contains("base64") {
        String::from_utf8(BASE64_STANDARD.decode(body.concat()).unwrap()).unwrap()
    } else if head.contains("quoted-printable") {
        unquoted(&body.join("\n"))
    } else {
        body.join("\n")
    };
    Letter { recipients, head, text }
}

/// Quoted-printable (RFC 2045, 6.7): `=E5` is a byte, and `=` at the end of a line is no end of one.
fn unquoted(text: &str) -> String {
    let joined = text.replace("=\n", "");
    let mut parts = joined.split('=');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        let (byte, rest) = part.split_at(2);
        bytes.extend(hex::decode(byte).unwrap());
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes).unwrap()
}
