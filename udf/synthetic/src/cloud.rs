//! Names of rented machines and content delivery networks: nobody remembers them, everybody uses
//! them, and they look as random as a tunnel.

use super::names::{ALNUM, Bits, DIGITS, HEX};
use std::fmt::Write;

/// Appends such a name.
pub(super) fn cloud(bits: &mut Bits, out: &mut String) {
    const REGIONS: &[&str] = &["eu-west-1", "us-west-2", "eu-central-1", "ap-southeast-2"];
    match bits.below(11) {
        0 | 1 => {
            out.push('d');
            bits.letters(out, ALNUM, 13);
            out.push_str(".cloudfront.net");
        }
        2 => {
            out.push_str("ec2");
            for _ in 0..4 {
                let _ = write!(out, "-{}", 1 + bits.below(254));
            }
            out.push_str(".compute-1.amazonaws.com");
        }
        3 => {
            let _ = write!(out, "e{}", 100 + bits.below(17_000));
            out.push_str(bits.pick(&[".dscb", ".dscd", ".a", ".g", ".dsca"]));
            out.push_str(".akamaiedge.net");
        }
        4 => {
            let _ = write!(out, "r{}---sn-", 1 + bits.below(20));
            bits.letters(out, ALNUM, 8);
            out.push('-');
            bits.letters(out, ALNUM, 4);
            out.push_str(".googlevideo.com");
        }
        5 => {
            bits.spoken(out, 2);
            out.push('-');
            bits.letters(out, ALNUM, 6);
            out.push_str(bits.pick(&[
                ".azureedge.net",
                ".azurewebsites.net",
                ".trafficmanager.net",
            ]));
        }
        6 => {
            bits.spoken(out, 2);
            out.push('-');
            bits.letters(out, DIGITS, 10);
            out.push('.');
            out.push_str(bits.pick(REGIONS));
            out.push_str(".elb.amazonaws.com");
        }
        7 => {
            bits.letters(out, HEX, 32);
            out.push_str(".safeframe.googlesyndication.com");
        }
        8 => {
            bits.spoken(out, 2);
            out.push_str("-bucket.s3.");
            out.push_str(bits.pick(REGIONS));
            out.push_str(".amazonaws.com");
        }
        9 => {
            bits.letters(out, ALNUM, 10);
            out.push_str(bits.pick(&[".execute-api.", ".lambda-url."]));
            out.push_str(bits.pick(REGIONS));
            out.push_str(".amazonaws.com");
        }
        _ => {
            bits.uuid(out);
            out.push_str(bits.pick(&[
                ".b.akamaihd.net",
                ".fls.doubleclick.net",
                ".clo.footprintdns.com",
            ]));
        }
    }
}
