//! Limits and cursors of lists: query strings, and (first byte `!`) what a cursor holds.
#![no_main]

use std::sync::{Arc, LazyLock};

use axum::extract::FromRequestParts as _;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use tianyuan_kernel::config::Config;
use tianyuan_kernel::http::Page;
use tianyuan_kernel::{App, testkit};

static APP: LazyLock<(App, tokio::runtime::Runtime)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut config = Config::default();
    config.node.data = std::env::temp_dir().join(format!("tianyuan-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&config.node.data).unwrap();
    let builder = App::builder(config).authority(Arc::new(testkit::Roles));
    let (app, _) = runtime.block_on(builder.build()).unwrap();
    (app, runtime)
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (app, _runtime) = &*APP;
    let query = match bytes.split_first() {
        Some((b'!', cursor)) => format!("cursor={}", BASE64_URL_SAFE_NO_PAD.encode(cursor)),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    let Ok(request) = http::Request::get(format!("/api/v1/audit?{query}")).body(()) else {
        return;
    };
    let mut parts = request.into_parts().0;
    let page = futures::executor::block_on(Page::from_request_parts(&mut parts, app));
    let Ok(page) = page else {
        return;
    };
    let _ = page.offset();
    for keys in 0..6 {
        assert!(page.after(keys).is_none_or(|args| args.len() == keys));
    }
});
