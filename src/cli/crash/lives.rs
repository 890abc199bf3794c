//! The load: applications that platforms lead through their lives, whatever becomes of the process in between. A push that
//! got no answer is pushed again; one that was answered with success never is, but where a repetition is meant.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::ledger::Answered;
use super::pulse::Pulse;
use crate::cli::demo::cast::{Actor, Role};
use crate::clock::Clock;
use crate::sandbox::{Answer, Standing, Step};
use crate::supervise;

/// After which time a push that got no answer is pushed again.
const AGAIN: Duration = Duration::from_millis(20);

/// What is refused for so long is refused for good.
const REFUSED: Duration = Duration::from_secs(20);

/// Longer than this nothing is waited for; who leads a life is sent home before.
const LONG: Duration = Duration::from_secs(3_600);

/// A platform that plays in this generation.
#[derive(Clone)]
pub struct OnStage {
    pub role: Role,
    pub actor: Actor,
}

/// How the pushes of one application were answered.
pub type Answers = BTreeMap<Step, Answered>;

/// What pushes were answered, and how many there were.
#[derive(Default)]
pub struct Book {
    pages: Mutex<BTreeMap<(Role, String), Answers>>,
    endings: Mutex<BTreeMap<(Role, String), Ending>>,
    pushes: Mutex<u64>,
}

impl Book {
    /// A push begins to be pushed: it has no answer yet.
    fn open(&self, role: Role, application: &str, step: Step) {
        let mut pages = lock(&self.pages);
        pages.entry((role, application.to_owned())).or_default().entry(step).or_insert(Answered::Never);
    }

    fn note(&self, role: Role, application: &str, step: Step, answered: Answered) {
        lock(&self.pages).entry((role, application.to_owned())).or_default().insert(step, answered);
    }

    /// All answers, by platform and application.
    pub fn answers(&self) -> BTreeMap<(Role, String), Answers> {
        lock(&self.pages).clone()
    }

    /// How an application's life is to end.
    pub fn ending(&self, role: Role, application: &str) -> Option<Ending> {
        lock(&self.endings).get(&(role, application.to_owned())).copied()
    }

    /// How often was pushed, answered or not.
    pub fn pushes(&self) -> u64 {
        *lock(&self.pushes)
    }
}

/// The lives that are being led.
pub struct Load {
    pub stage: Vec<OnStage>,
    pub book: Arc<Book>,
    pulse: Arc<Pulse>,
    door: watch::Receiver<Vec<SocketAddr>>,
    clock: Clock,
    lives: Vec<JoinHandle<Option<()>>>,
}

impl Load {
    /// `door` tells which processes take pushes: a platform that can't connect does not compose a push.
    pub fn new(
        stage: Vec<OnStage>,
        pulse: Arc<Pulse>,
        door: watch::Receiver<Vec<SocketAddr>>,
        clock: Clock,
    ) -> Self {
        Self { stage, book: Arc::default(), pulse, door, clock, lives: Vec::new() }
    }

    /// How many lives are being led.
    pub fn busy(&mut self) -> usize {
        self.lives.retain(|life| !life.is_finished());
        self.lives.len()
    }

    /// Begins a life on a platform.
    pub fn begin(&mut self, role: Role, ending: Ending) {
        if let Some(leader) = self.leader(role) {
            self.lives.push(supervise::spawn("life", async move { leader.lead(ending).await }));
        }
    }

    /// Has some application be pushed once more; the stored answer is due.
    pub fn repeat(&mut self, random: &mut StdRng) {
        let accepted = |answers: &Answers| answers.get(&Step::Application) == Some(&Answered::Accepted);
        let known = self.book.answers().into_iter().filter(|(_, answers)| accepted(answers));
        let known: Vec<(Role, String)> = known.map(|(key, _)| key).collect();
        if known.is_empty() {
            return;
        }
        let chosen = known.get(random.random_range(0..known.len())).cloned();
        let Some((role, application)) = chosen else { return };
        if let Some(leader) = self.leader(role) {
            self.lives.push(supervise::spawn("repetition", async move {
                leader.push(&application, Step::Application).await;
            }));
        }
    }

    fn leader(&self, role: Role) -> Option<Leader> {
        let OnStage { role, actor } = self.stage.iter().find(|it| it.role == role)?.clone();
        let (book, pulse) = (Arc::clone(&self.book), Arc::clone(&self.pulse));
        Some(Leader { role, actor, book, pulse, door: self.door.clone(), clock: self.clock.clone() })
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.lives.iter().for_each(JoinHandle::abort);
    }
}

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    Surrender,
    /// Opened, and then this.
    Opened(Step),
}

impl Ending {
    pub fn draw(random: &mut StdRng) -> Self {
        match random.random_range(0..4) {
            0 => Self::Surrender,
            1 => Self::Opened(Step::Claim),
            2 => Self::Opened(Step::Cancellation),
            _ => Self::Opened(Step::Invoice),
        }
    }
}

/// Who leads one life.
struct Leader {
    role: Role,
    actor: Actor,
    book: Arc<Book>,
    pulse: Arc<Pulse>,
    door: watch::Receiver<Vec<SocketAddr>>,
    clock: Clock,
}

impl Leader {
    async fn lead(&self, ending: Ending) {
        self.until_open().await;
        let began = Instant::now();
        let Some((application, answer)) = self.actor.apply_many(1).await.pop() else { return };
        self.book.open(self.role, &application, Step::Application);
        lock(&self.book.endings).insert((self.role, application.clone()), ending);
        if !self.is_settled(&application, Step::Application, answer, began) {
            self.push(&application, Step::Application).await;
        }
        self.until(&application, |it| it.issued).await;
        match ending {
            Ending::Surrender => {
                self.push(&application, Step::Surrender).await;
                self.until(&application, |it| it.surrendered).await;
            }
            Ending::Opened(then) => {
                self.push(&application, Step::WrongKey).await;
                self.push(&application, Step::Opening).await;
                self.until(&application, |it| it.complete).await;
                self.push(&application, then).await;
            }
        }
    }

    /// Pushes until there is an answer that will do. A step that the platform does not have is left out; one that is
    /// refused for too long is given up.
    async fn push(&self, application: &str, step: Step) {
        let mut refused: Option<Instant> = None;
        loop {
            self.until_open().await;
            let began = Instant::now();
            let Some(answer) = self.actor.take(step, application).await else { return };
            self.book.open(self.role, application, step);
            let answered = answer.is_ok();
            if self.is_settled(application, step, answer, began) {
                return;
            }
            // A gateway that is gone refuses nothing.
            refused = refused.filter(|_| answered).or(answered.then_some(began));
            if refused.is_some_and(|since| since.elapsed() > REFUSED) {
                self.book.note(self.role, application, step, Answered::Refused);
                return;
            }
            self.clock.wait(AGAIN).await;
        }
    }

    /// Waits until some process takes pushes.
    async fn until_open(&self) {
        // The relay outlives every life.
        drop(self.door.clone().wait_for(|ready| !ready.is_empty()).await);
    }

    /// Notes an answer; `false` if the push has to be pushed again.
    fn is_settled(
        &self,
        application: &str,
        step: Step,
        answer: anyhow::Result<Answer>,
        began: Instant,
    ) -> bool {
        *lock(&self.book.pushes) += 1;
        let Ok(answer) = answer else { return false };
        if answer.is_accepted() {
            self.pulse.accepted(began);
            self.book.note(self.role, application, step, Answered::Accepted);
            return true;
        }
        let refused = answer.codes.failures.contains(&answer.code.as_str());
        if refused && step == Step::WrongKey {
            self.book.note(self.role, application, step, Answered::Refused);
        }
        // Anything else is refused for now: the gateway may be busy, or have something to do first.
        refused && step == Step::WrongKey
    }

    async fn until(&self, application: &str, come: impl Fn(&Standing) -> bool) {
        let come = || self.actor.standing(application).as_ref().is_some_and(&come);
        self.actor.journal().wait_until(come, LONG).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
