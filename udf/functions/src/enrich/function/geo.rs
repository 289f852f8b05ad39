//! `geolocation` and its parts.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use datafusion::error::Result;
use spotql_context::geo::Place;
use spotql_values::address::Address;

use super::ADDRESS;
use crate::context::Context;
use crate::scalar::distinct::{by_distinct, texts_by_distinct};
use crate::scalar::{Call, Declaration, Needs};

pub(super) const LOCATION: Declaration = Declaration {
    name: "geolocation",
    parameters: ADDRESS,
    returns: DataType::Utf8View,
    reads_settings: false,
    needs: Needs::GEO,
    about: "Where an address is: 'region, country; city', with what the geo databases (CREATE GEO DATABASE) know of \
            it. NULL where they know nothing",
    example: ("geolocation('8.8.8.8')", "California, US; Mountain View"),
    kernel: |call| told(call, |place| place.text().map(Cow::Owned)),
};

pub(super) const COUNTRY: Declaration = Declaration {
    name: "geo_country",
    about: "The country of an address, as a code of two letters (ISO 3166-1) where the geo database has one. NULL \
            where none knows it",
    example: ("geo_country('8.8.8.8')", "US"),
    kernel: |call| told(call, |place| place.country),
    ..LOCATION
};

pub(super) const REGION: Declaration = Declaration {
    name: "geo_region",
    about: "The region (state, canton, …) of an address. NULL where no geo database knows it",
    example: ("geo_region('8.8.8.8')", "California"),
    kernel: |call| told(call, |place| place.region),
    ..LOCATION
};

pub(super) const CITY: Declaration = Declaration {
    name: "geo_city",
    about: "The city of an address. NULL where no geo database knows it",
    example: ("geo_city('8.8.8.8')", "Mountain View"),
    kernel: |call| told(call, |place| place.city),
    ..LOCATION
};

pub(super) const OWNER: Declaration = Declaration {
    name: "geo_owner",
    about: "Whom an address belongs to: the organisation of its autonomous system, or the provider. NULL where no \
            geo database knows it",
    example: ("geo_owner('8.8.8.8')", "Google LLC"),
    kernel: |call| told(call, |place| place.owner),
    ..LOCATION
};

pub(super) const DOMAIN: Declaration = Declaration {
    name: "geo_domain",
    about: "The domain of an address's owner. NULL where no geo database knows it",
    example: ("geo_domain('8.8.8.8')", "google.com"),
    kernel: |call| told(call, |place| place.domain),
    ..LOCATION
};

pub(super) const ASN: Declaration = Declaration {
    name: "geo_asn",
    returns: DataType::Int64,
    about: "The number of an address's autonomous system (RFC 1930). Databases of the MMDB format have it, and CSV files do not. \
            NULL where no geo database knows it",
    example: ("geo_asn('8.8.8.8')", "NULL"),
    kernel: |call| {
        let context = Context::of(call.config());
        let number = |text: &str| Some(i64::from(context.place(Address::parse(text)?).asn?));
        by_distinct(call.text(0), number, |numbers| {
            Arc::new(Int64Array::from(numbers))
        })
    },
    ..LOCATION
};

fn told(call: &Call, part: for<'a> fn(Place<'a>) -> Option<Cow<'a, str>>) -> Result<ArrayRef> {
    let context = Context::of(call.config());
    texts_by_distinct(call.text(0), |text| {
        part(context.place(Address::parse(text)?)).map(Cow::into_owned)
    })
}
