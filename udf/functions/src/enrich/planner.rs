//! `enrich(input, source => …)` and `enrich(input, columns => …)`: a projection over the input.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit, try_cast};
use datafusion::sql::sqlparser::ast::Expr as SqlExpr;

use crate::relation::{Arguments, Error, any_of, names};

/// A column that is added: its name, and what it is made of.
type Added = (String, Expr);

/// Plans a call over its input.
pub(crate) fn plan(arguments: &Arguments, input: LogicalPlan) -> Result<LogicalPlan> {
    let schema = input.schema();
    let added = match (arguments.get("source"), arguments.list("columns")) {
        (Some(source), None) => match arguments.word("source").as_deref() {
            Some("flow") => flow(schema)?,
            Some("dns") => dns(schema)?,
            Some("proxy") => proxy(schema)?,
            _ => {
                return Err(arguments
                    .invalid("source", source, "'flow', 'dns' or 'proxy'")
                    .into());
            }
        },
        (None, Some(columns)) if !columns.is_empty() => {
            let mut added = Vec::new();
            for written in columns {
                let name = match written {
                    SqlExpr::Identifier(name) => Some(&name.value),
                    _ => None,
                };
                let known = name.and_then(|name| Some((name, any_of(schema, &[name])?)));
                let (name, value) = known.ok_or_else(|| {
                    let accepted = format!("columns of the input: {}", names(schema));
                    arguments.invalid("columns", written, &accepted)
                })?;
                let name = match &value {
                    Expr::Column(column) => column.name.as_str(),
                    _ => name.as_str(),
                };
                let new = of_column(name, &value)?;
                // A column that is named twice is described once.
                if !added.iter().any(|(known, _): &Added| *known == new[0].0) {
                    added.extend(new);
                }
            }
            added
        }
        _ => return Err(Error::EnrichmentUndetermined.into()),
    };
    let known = schema.columns();
    let taken = |name: &str| known.iter().any(|it| it.name.eq_ignore_ascii_case(name));
    if let Some((name, _)) = added.iter().find(|(name, _)| taken(name)) {
        return Err(Error::ColumnTaken {
            function: arguments.function.name().to_owned(),
            column: name.clone(),
        }
        .into());
    }
    let known = known.iter().cloned().map(Expr::from);
    let added = added.into_iter().map(|(name, expr)| expr.alias(name));
    let columns: Vec<Expr> = known.chain(added).collect();
    LogicalPlanBuilder::from(input).project(columns)?.build()
}

/// The enrichment columns of `flow_scores`, in their order.
fn flow(schema: &DFSchema) -> Result<Vec<Added>> {
    let ends = [
        ("src", required(schema, "flow", &["srcip", "sip"])?),
        ("dst", required(schema, "flow", &["dstip", "dip"])?),
    ];
    let mut added = Vec::new();
    type Part = (&'static str, fn(&Expr) -> Result<Expr, Error>);
    let parts: [Part; 4] = [
        ("ip_internal", |ip| {
            Ok(cast(call("is_internal", ip)?, DataType::Int32))
        }),
        ("_geoloc", |ip| call("geolocation", ip)),
        ("_domain", |ip| {
            Ok(coalesce(vec![
                call("geo_domain", ip)?,
                call("geo_owner", ip)?,
            ]))
        }),
        ("_rep", |ip| call("reputation", ip)),
    ];
    for (part, made) in parts {
        for (end, address) in &ends {
            added.push((format!("{end}{part}"), made(address)?));
        }
    }
    Ok(added)
}

/// Those of `dns_scores`.
fn dns(schema: &DFSchema) -> Result<Vec<Added>> {
    let of = |name: &str| required(schema, "dns", &[name]);
    let name = of("dns_qry_name")?;
    // The hour of the partition, if the input has it.
    let hour = match any_of(schema, &["h"]) {
        Some(hour) => hour,
        None => of("unix_tstamp")? % lit(86_400_i64) / lit(3600_i64),
    };
    let hour = try_cast(hour, DataType::Int32);
    let added = [
        ("tld", call("registrable_domain", &name)?),
        ("query_rep", call("reputation", &name)?),
        ("hh", hour),
        (
            "dns_qry_class_name",
            call("dns_class_name", &of("dns_qry_class")?)?,
        ),
        (
            "dns_qry_type_name",
            call("dns_type_name", &of("dns_qry_type")?)?,
        ),
        (
            "dns_qry_rcode_name",
            call("dns_rcode_name", &of("dns_qry_rcode")?)?,
        ),
        ("network_context", call("network_context", &of("ip_dst")?)?),
    ];
    Ok(added.map(|(name, expr)| (name.to_owned(), expr)).to_vec())
}

/// Those of `proxy_scores`.
fn proxy(schema: &DFSchema) -> Result<Vec<Added>> {
    let of = |name: &str| required(schema, "proxy", &[name]);
    let added = [
        ("uri_rep", call("reputation", &of("fulluri")?)?),
        ("respcode_name", call("http_status_name", &of("respcode")?)?),
        (
            "network_context",
            call("network_context", &of("clientip")?)?,
        ),
    ];
    Ok(added.map(|(name, expr)| (name.to_owned(), expr)).to_vec())
}

/// What is known of a column of addresses, names or URLs.
fn of_column(name: &str, value: &Expr) -> Result<Vec<Added>> {
    [
        ("internal", "is_internal"),
        ("network", "network_context"),
        ("geoloc", "geolocation"),
        ("owner", "geo_owner"),
        ("rep", "reputation"),
        ("severity", "reputation_severity"),
    ]
    .into_iter()
    .map(|(part, function)| Ok((format!("{name}_{part}"), call(function, value)?)))
    .collect()
}

/// The column that a source reads, by the first of these names that the input has.
fn required(schema: &DFSchema, source: &str, wanted: &[&str]) -> Result<Expr, Error> {
    any_of(schema, wanted).ok_or_else(|| Error::MissingColumn {
        function: "enrich".to_owned(),
        preset: source.to_owned(),
        column: wanted.join("' or '"),
        present: names(schema),
    })
}

fn call(function: &str, argument: &Expr) -> Result<Expr, Error> {
    let mut known = super::functions()
        .into_iter()
        .chain(crate::words::functions());
    let function =
        known
            .find(|it| it.name() == function)
            .ok_or_else(|| Error::MissingFunction {
                name: function.to_owned(),
            })?;
    Ok(function.call(vec![argument.clone()]))
}
