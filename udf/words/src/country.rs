//! The endings that a name must have to be split into domain and subdomain.
//!
//! This is the original's view of the name space: country codes, `krd`, and the seven oldest
//! generic endings. It is not the Public Suffix List: `co.uk` is no ending, newer ones such as
//! `info` are unknown, and upper case is not recognised.

/// Two-letter country codes, as delegated in the root zone (IANA root zone database), with the
/// unused `bq` and `eh` and the retired `an` and `tp`, which the original accepts.
const CODES: &[u8] = b"\
    ac ad ae af ag ai al am an ao aq ar as at au aw ax az \
    ba bb bd be bf bg bh bi bj bm bn bo bq br bs bt bv bw by bz \
    ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz \
    de dj dk dm do dz ec ee eg eh er es et eu fi fj fk fm fo fr \
    ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy \
    hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp \
    ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly \
    ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz \
    na nc ne nf ng ni nl no np nr nu nz om \
    pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw \
    sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz \
    tc td tf tg th tj tk tl tm tn to tp tr tt tv tw tz \
    ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw ";

/// One bit for each second letter, by first letter.
const BY_FIRST_LETTER: [u32; 26] = {
    let mut letters = [0; 26];
    let mut at = 0;
    while at < CODES.len() {
        letters[(CODES[at] - b'a') as usize] |= 1 << (CODES[at + 1] - b'a');
        at += 3;
    }
    letters
};

/// Is this last part of a name a country code, or `krd`? Lower case only.
#[inline]
pub fn is_country_code(part: &str) -> bool {
    match part.as_bytes() {
        [first @ b'a'..=b'z', second @ b'a'..=b'z'] => {
            BY_FIRST_LETTER[usize::from(first - b'a')] >> (second - b'a') & 1 == 1
        }
        other => other == b"krd",
    }
}

/// Is this part one of `com org net int edu gov mil`? Lower case only.
#[inline]
pub fn is_generic(part: &str) -> bool {
    matches!(part, "com" | "org" | "net" | "int" | "edu" | "gov" | "mil")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn country_codes_are_two_lower_case_letters_or_krd() {
        for code in ["uk", "de", "io", "ac", "zw", "eu", "su", "an", "tp", "krd"] {
            assert!(is_country_code(code), "{code}");
        }
        for other in [
            "", "u", "UK", "zz", "aa", "xx", "com", "рф", "1a", "{a", "kr d",
        ] {
            assert!(!is_country_code(other), "{other}");
        }
    }

    #[test]
    fn every_listed_code_is_recognised_and_nothing_else() {
        let listed: Vec<&str> = std::str::from_utf8(CODES)
            .unwrap()
            .split_whitespace()
            .collect();
        let recognised = (b'a'..=b'z')
            .flat_map(|a| (b'a'..=b'z').map(move |b| String::from_utf8(vec![a, b]).unwrap()))
            .filter(|code| is_country_code(code));
        assert_eq!(recognised.collect::<Vec<_>>(), {
            let mut sorted = listed;
            sorted.sort_unstable();
            sorted
        });
    }

    #[test]
    fn only_the_seven_oldest_generic_endings_count() {
        assert!(is_generic("com") && is_generic("mil"));
        assert!(!is_generic("info") && !is_generic("arpa") && !is_generic("COM"));
    }
}
