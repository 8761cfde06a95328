//! Which hosts and addresses may be reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Url;

/// True when the list names the host of `url`: `data.example.cn`, `*.example.cn` for all below,
/// an address, each with `:port` where only that port is meant.
pub(super) fn listed(list: &[String], url: &Url) -> bool {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return false;
    };
    list.iter().any(|entry| {
        let (name, only) = split_port(entry);
        names(name, host) && only.is_none_or(|only| only == port)
    })
}

fn names(entry: &str, host: &str) -> bool {
    let entry = entry.to_ascii_lowercase();
    match entry.strip_prefix("*.") {
        Some(suffix) => host
            .strip_suffix(suffix)
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        // IPv6 hosts of addresses stand in brackets; people may leave them out.
        None => entry == host || format!("[{entry}]") == host,
    }
}

/// `a.example:8443` as its two parts.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    // Several colons without brackets are an IPv6 address.
    if entry.matches(':').count() > 1 && !entry.starts_with('[') {
        return (entry, None);
    }
    match entry.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
        _ => (entry, None),
    }
}

/// What is wrong with an entry of a host list.
pub(super) fn wrong_entry(entry: &str) -> Option<&'static str> {
    let (name, port) = split_port(entry);
    let bare = name.strip_prefix("*.").unwrap_or(name);
    let address = bare.trim_start_matches('[').trim_end_matches(']');
    if entry.contains('/') {
        return Some("give the host alone, without https:// and path");
    }
    if port == Some(0) || (name.len() != entry.len() && port.is_none()) {
        return Some("what follows the colon is no port");
    }
    if address.parse::<IpAddr>().is_ok() {
        return None;
    }
    let label = |l: &str| {
        !l.is_empty()
            && l.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    if bare.split('.').all(label) {
        None
    } else {
        Some("write data.example.cn, *.example.cn or an address, with :port if only that is meant")
    }
}

/// True for addresses of the public internet (IANA special-purpose registries, RFC 6890).
pub(super) fn is_public(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(*v4),
        IpAddr::V6(v6) => is_public_v6(*v6),
    }
}

fn is_public_v4(a: Ipv4Addr) -> bool {
    let [x, y, z, _] = a.octets();
    !(a.is_private()
        || a.is_loopback()
        || a.is_link_local()
        || a.is_multicast()
        || a.is_broadcast()
        || a.is_documentation()
        || x == 0
        || x >= 240
        || (x == 100 && (64..128).contains(&y))
        || (x == 192 && y == 0 && z == 0)
        || (x == 192 && y == 88 && z == 99)
        || (x == 198 && (y == 18 || y == 19)))
}

fn is_public_v6(a: Ipv6Addr) -> bool {
    let s = a.segments();
    if let Some(v4) = a.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    // Global unicast is 2000::/3. Of it, 2001::/23 is for protocols (Teredo carries IPv4
    // addresses of unknown kind), 2001:db8::/32 and 3fff::/20 document, 2002::/16 carries IPv4.
    (s[0] & 0xe000) == 0x2000
        && !(s[0] == 0x2001 && (s[1] < 0x0200 || s[1] == 0x0db8))
        && s[0] != 0x2002
        && !(s[0] == 0x3fff && s[1] < 0x1000)
}
