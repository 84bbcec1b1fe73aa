package org.mobula.parameterserver.shard;

import java.util.List;
import java.util.function.LongSupplier;
import org.mobula.core.parameters.Gathered;
import org.mobula.parameterserver.shard.ShardStatus.Role;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a shard stands: its part, its epoch and how far it has come, on which it must be at one
 * with its workers and its replica; and the refusals of those who are mistaken about it.
 */
final class Standing {
  private static final Logger LOG = LoggerFactory.getLogger(Shard.class);

  final ShardSetup setup;
  final ShardEvents events;
  Role role;
  Consistency consistency;
  Lineage lineage;
  long epoch;

  /** Steps taken. */
  long version;

  /** Of the last entry, on its way to the replica or acknowledged. */
  long sequence;

  /** The replica has to hear of the workers, or to confirm that this is still the primary. */
  boolean entryDue;

  /** By the workers of all steps. */
  Gathered gathered = Gathered.nothing();

  /** Has had a replica, or been one: another shard may be the primary of a later epoch. */
  boolean guarded;

  /** Has taken a step since it was started. */
  boolean used;

  /** Who decides which shard is the primary. */
  final Arbiter arbiter = new Arbiter();

  /** Of the last step's gradient. */
  double[] lastSums = new double[0];

  /** The numbers cannot be had any more. */
  private boolean lost;

  /** Why a fenced shard is. */
  private String fencedBecause = "another shard has taken over from this one: ask that one";

  Standing(ShardSetup setup, Role role, Lineage lineage, LongSupplier nanoClock) {
    this.setup = setup;
    events = new ShardEvents(setup.number(), nanoClock);
    this.role = role;
    this.lineage = lineage;
    consistency = setup.consistency();
  }

  boolean isPrimary() {
    return role.isPrimary();
  }

  /** Of the entry that tells the replica of all that has happened. */
  long coveringSequence() {
    return sequence + (entryDue ? 1 : 0);
  }

  void checkPrimary() {
    if (role == Role.FENCED) {
      throw fenced();
    } else if (role == Role.REPLICA) {
      throw refusal(Refusal.NOT_PRIMARY, "this shard is a replica: ask its primary, or promote it");
    }
  }

  void checkLength(int numbers) {
    if (numbers != setup.size()) {
      throw refusal(
          Refusal.WRONG_LENGTH,
          "the gradient has %s numbers but the shard's range has %s"
              .formatted(numbers, setup.size()));
    }
  }

  void checkNetwork(int network) {
    List<String> networks = setup.layout().networks();
    if (network < 0 || network >= networks.size()) {
      throw refusal(
          Refusal.OUT_OF_RANGE,
          "the step is one of network %s but the networks are %s".formatted(network, networks));
    }
  }

  /** A shard whose numbers are lost is as good as dead: a primary sends workers to its replica. */
  RefusedException lose(NumbersLostException why) {
    String message = why.getMessage() + ": ask its replica, or start it anew";
    if (!lost) {
      lost = true;
      LOG.error("Parameters {} to {} can no longer be computed.", setup.from(), setup.to(), why);
      events.happened(ShardEvent.Kind.SHARD_LOST, String.valueOf(why.getMessage()));
    }
    if (isPrimary()) {
      role = Role.FENCED;
      fencedBecause = message;
    }
    return refusal(role == Role.FENCED ? Refusal.FENCED : Refusal.MALFORMED, message);
  }

  RefusedException wrongEpoch(long asked) {
    return refusal(
        Refusal.WRONG_EPOCH,
        "the request is for epoch %s but the shard is at epoch %s: join again"
            .formatted(asked, epoch));
  }

  RefusedException fenced() {
    return refusal(Refusal.FENCED, fencedBecause);
  }

  RefusedException refusal(Refusal reason, String message) {
    return new RefusedException(reason, epoch, message);
  }
}
