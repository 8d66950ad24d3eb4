//! One metric with its samples, as the `prometheus` crate writes it.

use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

use super::super::field::Value;

/// A metric that is being filled.
pub(super) struct Family {
    family: MetricFamily,
    samples: Vec<Metric>,
    kind: MetricType,
}

impl Family {
    /// `haproxy_<scope>_<name>`, without samples yet.
    pub(super) fn new(scope: &str, name: &str, kind: MetricType, help: &str) -> Self {
        let mut family = MetricFamily::default();
        family.set_name(format!("haproxy_{scope}_{name}"));
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        Self {
            family,
            samples: Vec::new(),
            kind,
        }
    }

    /// Adds a sample.
    pub(super) fn push(&mut self, labels: &[(&str, &str)], value: f64) {
        let pair = |(name, value): &(&str, &str)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        };
        let mut metric = Metric::from_label(labels.iter().map(pair).collect());
        if self.kind == MetricType::COUNTER {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        self.samples.push(metric);
    }

    /// Hands it on, if there is anything in it.
    pub(super) fn finish(mut self, out: &mut Vec<MetricFamily>) {
        if !self.samples.is_empty() {
            self.family.set_metric(self.samples);
            out.push(self.family);
        }
    }
}

/// A field as the exporter gives it: what says nothing is not a number.
pub(super) fn number(value: &Value<'_>) -> f64 {
    match value {
        Value::S32(n) => f64::from(*n),
        Value::U32(n) => f64::from(*n),
        // A float is what the format has; HAProxy's own counters pass through one as well.
        Value::U64(n) => *n as f64,
        Value::None | Value::Str(_) => f64::NAN,
    }
}
