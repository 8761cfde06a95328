//! The one route table: every mount stands in it with its access class (house.md, invariant 4).

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::App;
use crate::authority::Principal;
use crate::error::Error;

/// Who may reach a mount at all. What they may do there is decided on the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// Whoever is signed in.
    SignedIn,
}

/// One mount.
#[derive(Clone, Debug)]
pub struct Mount {
    /// `GET`, `POST`, … or `*` for a protocol of its own.
    pub method: &'static str,
    /// Path with `{parameters}`.
    pub path: String,
    /// Its access class.
    pub access: Access,
}

/// The routes of a room.
#[derive(Default)]
pub struct Routes {
    pub(crate) router: OpenApiRouter<App>,
    pub(crate) mounts: Vec<Mount>,
}

impl Routes {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds operations that need no sign-in: `public(routes!(list, create))`.
    #[must_use]
    pub fn public(self, routes: UtoipaMethodRouter<App>) -> Self {
        self.add(routes, Access::Public)
    }

    /// Adds operations for whoever is signed in.
    #[must_use]
    pub fn signed_in(self, routes: UtoipaMethodRouter<App>) -> Self {
        self.add(routes, Access::SignedIn)
    }

    fn add(mut self, routes: UtoipaMethodRouter<App>, access: Access) -> Self {
        let (schemas, mut paths, router) = routes;
        for (path, item) in &mut paths.paths {
            for (method, operation) in operations(item) {
                // Without this the document's own requirement (a sign-in) holds.
                if access == Access::Public {
                    operation.security = Some(Vec::<SecurityRequirement>::new());
                }
                self.mounts.push(Mount {
                    method,
                    path: path.clone(),
                    access,
                });
            }
        }
        let router = guard(router, access);
        self.router = self.router.routes((schemas, paths, router));
        self
    }

    /// Adds a foreign protocol or a file that the OpenAPI document does not describe.
    #[must_use]
    pub fn protocol(
        mut self,
        method: &'static str,
        path: &str,
        access: Access,
        router: MethodRouter<App>,
    ) -> Self {
        self.mounts.push(Mount {
            method,
            path: path.to_owned(),
            access,
        });
        self.router = self.router.route(path, guard(router, access));
        self
    }

    /// Notes one more method of the protocol mounted last at this path.
    #[must_use]
    pub fn mounted(mut self, method: &'static str, path: &str, access: Access) -> Self {
        self.mounts.push(Mount {
            method,
            path: path.to_owned(),
            access,
        });
        self
    }

    /// Adds another room's routes.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.mounts.extend(other.mounts);
        self
    }

    /// The table.
    #[must_use]
    pub fn mounts(&self) -> &[Mount] {
        &self.mounts
    }

    /// The router and the document of what is registered in it.
    pub fn into_parts(self) -> (Router<App>, utoipa::openapi::OpenApi, Vec<Mount>) {
        let (router, document) = self.router.split_for_parts();
        (router, document, self.mounts)
    }
}

fn operations(item: &mut PathItem) -> Vec<(&'static str, &mut Operation)> {
    [
        ("GET", item.get.as_mut()),
        ("PUT", item.put.as_mut()),
        ("POST", item.post.as_mut()),
        ("DELETE", item.delete.as_mut()),
        ("PATCH", item.patch.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.map(|o| (method, o)))
    .collect()
}

fn guard(router: MethodRouter<App>, access: Access) -> MethodRouter<App> {
    match access {
        Access::Public => router,
        Access::SignedIn => router.layer(from_fn(require_sign_in)),
    }
}

async fn require_sign_in(request: Request, next: Next) -> Response {
    match request.extensions().get::<Principal>() {
        Some(who) if who.is_signed_in() => next.run(request).await,
        _ => Error::unauthenticated().into_response(),
    }
}
