package org.mobula.parameterserver.shard;

import java.util.List;
import java.util.Map;

/**
 * How a shard fares. Counts are since its start.
 *
 * @param role what it is at present
 * @param replicaMissing whether it is a primary that should have a replica and has none in step
 * @param device where it computes, for a person
 * @param epoch raised at each promotion and restoration
 * @param version steps taken
 * @param from first place of the slice in the flat vector
 * @param to the place after its last
 * @param consistency in force
 * @param agreement {@link Agreement#digest} of what it was configured with
 * @param lineage of the values, with the run that trains them
 * @param workers numbers of those present, ascending
 * @param waitingPushes pushes that are not answered yet
 * @param pushes gradients that were applied
 * @param lateGradients gradients that were dropped, since their round had closed
 * @param duplicates pushes that came again
 * @param staleness how many gradients were applied at each staleness, in versions, from 0 on; the
 *     last number counts all that were staler
 * @param applyNanos time spent on averaging and on the optimizer
 * @param bytesIn that came over the network
 * @param bytesOut that went over the network
 * @param refusals by reason
 * @param events how often each has happened, of those that have
 * @param recentEvents the last few, oldest first
 */
public record ShardStatus(
    Role role,
    boolean replicaMissing,
    String device,
    long epoch,
    long version,
    int from,
    int to,
    Consistency consistency,
    String agreement,
    Lineage lineage,
    List<Integer> workers,
    int waitingPushes,
    long pushes,
    long lateGradients,
    long duplicates,
    List<Long> staleness,
    long applyNanos,
    long bytesIn,
    long bytesOut,
    Map<Refusal, Long> refusals,
    Map<ShardEvent.Kind, Long> events,
    List<Past> recentEvents) {
  /**
   * An event that has happened.
   *
   * @param number counted from the shard's start, from 0
   * @param agoNanos time since then, in nanoseconds
   */
  public record Past(long number, long agoNanos, ShardEvent event) {}

  /** Copies the collections. */
  public ShardStatus {
    workers = List.copyOf(workers);
    staleness = List.copyOf(staleness);
    refusals = Map.copyOf(refusals);
    events = Map.copyOf(events);
    recentEvents = List.copyOf(recentEvents);
  }

  /** Mean versions between a gradient's parameters and those it was applied to; 0 if none was. */
  public static double meanStaleness(List<ShardStatus> shards) {
    double versions = 0;
    double gradients = 0;
    for (ShardStatus shard : shards) {
      for (int i = 0; i < shard.staleness.size(); i++) {
        versions += (double) i * shard.staleness.get(i);
        gradients += shard.staleness.get(i);
      }
    }
    return gradients == 0 ? 0 : versions / gradients;
  }

  /** What a shard is. */
  public enum Role {
    /** Answers workers; each change waits for the replica. */
    REPLICATED_PRIMARY,
    /** Answers workers; has no replica, or has lost it. */
    LONE_PRIMARY,
    /** Follows a primary. */
    REPLICA,
    /** Was the primary until another took over. */
    FENCED;

    /** Whether it answers workers. */
    public boolean isPrimary() {
      return this == REPLICATED_PRIMARY || this == LONE_PRIMARY;
    }
  }
}
