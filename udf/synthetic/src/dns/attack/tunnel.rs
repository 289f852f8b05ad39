//! Data in names and answers: tunnels of several encodings and rates, and orders in TXT records.

use super::scene::Scene;
use crate::dns::reply::{A, CNAME, MX, NULL, Outcome, TXT};
use crate::names::{ALNUM, BASE32, BASE64, HEX};

/// T1071.004: base32 labels asked as CNAME, MX and A, as `dnscat2` mixes them: a session of some
/// minutes, a question every few seconds.
pub(super) fn base32(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let questions = scene.count(25, 40);
    let mut second = scene.draw.between(0, 84_000);
    for _ in 0..questions {
        let (first, rest) = (scene.count(40, 60), scene.count(10, 58));
        let text = format!(
            "{}.{}{domain}",
            scene.data(BASE32, first),
            scene.data(BASE32, rest)
        );
        let kind = scene.draw.pick(&[CNAME, MX, A]);
        scene.say(from, text, kind, Outcome::Found, second);
        let answer = scene.draw.between(20, 140);
        scene.weighing(12 + answer);
        second += scene.draw.between(1, 20);
    }
    format!(
        "{} tunnelled {questions} messages in base32 names below {}",
        scene.who(from),
        &domain[1..]
    )
}

/// T1071.004: hexadecimal in long names and long TXT answers, half of it keep-alives.
pub(super) fn hex_text(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let questions = scene.count(20, 35);
    let session = scene.data(HEX, 4);
    let mut second = scene.draw.between(0, 80_000);
    for i in 0..questions {
        let count = if scene.draw.chance(0.5) {
            14
        } else {
            scene.count(40, 60)
        };
        let text = format!(
            "{i:02x}01{session}{}{domain}",
            scene.data(HEX, count.min(54))
        );
        scene.say(from, text, TXT, Outcome::Found, second);
        let answer = if count == 14 {
            18
        } else {
            scene.draw.between(60, 250)
        };
        scene.weighing(13 + answer);
        second += scene.draw.between(20, 150);
    }
    format!(
        "{} exchanged {questions} messages by TXT records of {}",
        scene.who(from),
        &domain[1..]
    )
}

/// T1572: whole packets in NULL records, names as long as they may be, many a second, as `iodine`
/// sends them.
pub(super) fn null_records(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let questions = scene.count(40, 60);
    let mut second = scene.draw.between(0, 86_000);
    for _ in 0..questions {
        let up = scene.draw.chance(0.6);
        let text = if up {
            let labels: Vec<String> = (0..scene.count(2, 3))
                .map(|_| scene.data(BASE64, 57))
                .collect();
            format!("0{}{domain}", labels.join("."))
        } else {
            format!("p{}{domain}", scene.data(ALNUM, 6))
        };
        scene.say(from, text, NULL, Outcome::Found, second);
        let answer = if up {
            20
        } else {
            scene.draw.between(100, 1_150)
        };
        scene.weighing(12 + answer);
        second += scene.draw.pick(&[0, 0, 0, 1, 1, 2]);
    }
    format!(
        "{} carried packets in {questions} NULL records of {} within a minute or two",
        scene.who(from),
        &domain[1..]
    )
}

/// T1071.004: one short question now and then, all day. Among the hashed names of antivirus and
/// content delivery expected to be missed.
pub(super) fn slow(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let minutes = scene.draw.between(35, 55);
    for second in scene.recurring(f64::from(minutes) * 60.0, 0.3, 30) {
        let count = scene.count(16, 24);
        let text = format!("{}{domain}", scene.data(BASE32, count));
        scene.say(from, text, A, Outcome::Found, second);
        scene.weighing(16);
    }
    format!(
        "{} sent a little data below {} about every {minutes} minutes",
        scene.who(from),
        &domain[1..]
    )
}

/// T1071.004: the data hides in labels as short as ordinary ones. Expected to be missed.
pub(super) fn short_labels(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let questions = scene.count(18, 30);
    let mut second = scene.between(8.0, 12.0);
    for _ in 0..questions {
        let host = scene.draw.pick(&["www", "cdn", "img", "static"]);
        let (first, last) = (scene.count(3, 5), scene.count(2, 4));
        let text = format!(
            "{}.{}.{host}{domain}",
            scene.data(ALNUM, first),
            scene.data(ALNUM, last)
        );
        scene.say(from, text, A, Outcome::Found, second);
        scene.weighing(16);
        second = (second + scene.draw.between(120, 900)) % 86_400;
    }
    format!(
        "{} hid data in short labels below {}",
        scene.who(from),
        &domain[1..]
    )
}

/// T1048.003: once an hour a file's pieces leave in names, numbered.
pub(super) fn hourly_exfiltration(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let job = scene.data(HEX, 6);
    for (hour, second) in scene.recurring(3_600.0, 0.02, 18).into_iter().enumerate() {
        let mut second = second;
        for piece in 0..scene.count(2, 4) {
            let count = scene.count(44, 60);
            let text = format!("{piece}.{hour}.{}.{job}{domain}", scene.data(BASE32, count));
            scene.say(from, text, A, Outcome::Found, second);
            scene.weighing(16);
            second += scene.draw.between(1, 4);
        }
    }
    format!(
        "{} sent pieces of a file in names below {} once an hour",
        scene.who(from),
        &domain[1..]
    )
}

/// T1071.004: an implant asks the same name for its orders, which come as TXT. One name, one type:
/// like a mail or certificate check, but from a workstation.
pub(super) fn orders(scene: &mut Scene<'_>) -> String {
    let (from, domain) = (scene.victim(), scene.domain());
    let host = scene.draw.pick(&["ns1", "upd", "cfg", "t", "mail"]);
    let minutes = scene.draw.between(30, 60);
    for second in scene.recurring(f64::from(minutes) * 60.0, 0.1, 28) {
        scene.say(from, format!("{host}{domain}"), TXT, Outcome::Found, second);
        let orders = scene.draw.chance(0.2);
        let bytes = if orders { 200 } else { 24 };
        scene.weighing(13 + bytes);
    }
    format!(
        "{} asked {host}{domain} for orders about every {minutes} minutes",
        scene.who(from)
    )
}
