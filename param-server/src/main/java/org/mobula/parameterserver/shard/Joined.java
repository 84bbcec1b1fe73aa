package org.mobula.parameterserver.shard;

/**
 * A place among the workers.
 *
 * @param worker the number; rounds add gradients in the order of these
 * @param epoch of the shard, to be named in every request
 * @param version of its values
 * @param clock the last push under this number that the shard has applied or dropped, whoever
 *     pushed it; the next one must be higher
 * @param leaseNanos after this time without a request the place is given up; {@link
 *     ShardLink#clock} in between renews it
 * @param lineage of the values
 */
public record Joined(
    int worker, long epoch, long version, long clock, long leaseNanos, Lineage lineage) {
  /** Whether the shard has taken no step since it was started or restored. */
  public boolean isAtBegin() {
    return version == lineage.begin();
  }
}
