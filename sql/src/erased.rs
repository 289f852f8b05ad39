//! A value whose type the compiler need not look into.
//!
//! A future that holds a value across an await may go to another thread if all types within the value may. The compiler
//! works this out anew for each function, and DataFusion's session state holds plans, hence the whole syntax tree of
//! SQL: seconds a function, minutes for the server. Behind a trait object it is worked out here, once.

use std::fmt;
use std::ops::Deref;

trait Hold<T>: Send + Sync {
    fn value(&self) -> &T;
    fn into_value(self: Box<Self>) -> T;
}

impl<T: Send + Sync> Hold<T> for T {
    fn value(&self) -> &T {
        self
    }

    fn into_value(self: Box<Self>) -> T {
        *self
    }
}

/// A value behind a trait object.
pub(crate) struct Erased<T>(Box<dyn Hold<T>>);

impl<T: Send + Sync + 'static> Erased<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Box::new(value))
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_value()
    }
}

impl<T> Deref for Erased<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().value()
    }
}

impl<T: fmt::Debug> fmt::Debug for Erased<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
