package org.mobula.cli.parameters;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.mobula.core.metrics.MetricNames;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardStatus;

/** What a shard says of itself, as metrics. */
final class ShardFigures {
  private ShardFigures() {}

  /** {@code lone primary}. */
  static String role(ShardStatus status) {
    return status.role().name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** {@code lone primary, replica missing}. */
  static String roleAndReplica(ShardStatus status) {
    return role(status) + (status.replicaMissing() ? ", replica missing" : "");
  }

  static Map<String, Double> of(ShardStatus status) {
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("parameters/version", (double) status.version());
    figures.put("parameters/epoch", (double) status.epoch());
    figures.put("parameters/learners", (double) status.workers().size());
    figures.put(MetricNames.PARAMETERS_REPLICAS_MISSING, status.replicaMissing() ? 1.0 : 0.0);
    figures.put("parameters/waiting_pushes", (double) status.waitingPushes());
    figures.put("parameters/pushes", (double) status.pushes());
    figures.put("parameters/late_gradients", (double) status.lateGradients());
    figures.put("parameters/duplicates", (double) status.duplicates());
    figures.put("parameters/staleness_mean", ShardStatus.meanStaleness(List.of(status)));
    figures.put("parameters/apply_seconds", status.applyNanos() / 1e9);
    figures.put("parameters/bytes_in", (double) status.bytesIn());
    figures.put("parameters/bytes_out", (double) status.bytesOut());
    figures.put(
        "parameters/refusals",
        (double) status.refusals().values().stream().mapToLong(Long::longValue).sum());
    for (ShardEvent.Kind kind : ShardEvent.Kind.values()) {
      figures.put(
          MetricNames.PARAMETERS_EVENTS + kind.label(),
          (double) status.events().getOrDefault(kind, 0L));
    }
    return figures;
  }
}
