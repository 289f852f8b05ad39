//! What the hours of one day share: nothing, of flows.

/// Unidirectional netflow. Its rows share nothing but the population.
#[derive(Debug)]
pub(crate) struct Flow;
