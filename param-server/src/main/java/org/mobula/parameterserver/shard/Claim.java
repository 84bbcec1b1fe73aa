package org.mobula.parameterserver.shard;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * Whose a shard is: the run that trains its parameters, and the process of the run's trainer. The
 * other learners join without a claim.
 *
 * @param run its identity, which stays when the run is resumed
 * @param host of the trainer, for a person
 * @param process the trainer's number on its host
 * @param since when the trainer claimed, in milliseconds since 1970 by the trainer's clock; for a
 *     person
 * @param session that the trainer joined with
 * @param term raised by the shard with each trainer that claims it, from 1 on; a later trainer's is
 *     higher. In a request: the highest that the trainer has heard of
 */
public record Claim(String run, String host, long process, long since, long session, long term) {
  /** Checks the name and the term. */
  public Claim {
    if (run.isEmpty()) {
      throw new IllegalArgumentException("run is empty but must be the run's identity");
    }
    if (term < 0) {
      throw new IllegalArgumentException("term is " + term + " but must be ≥ 0");
    }
  }

  /** Of a run whose trainer is gone. */
  static Claim ended(String run) {
    return new Claim(run, "", 0, 0, 0, 0);
  }

  /** The same trainer, in another term. */
  public Claim withTerm(long term) {
    return new Claim(run, host, process, since, session, term);
  }

  /** Whether anybody knows the trainer. */
  public boolean hasTrainer() {
    return process > 0;
  }

  /** {@code run ppo-3-51d0c8fe (process 4711 on host node7 since 2026-05-04T09:30:00Z)}. */
  public String describe() {
    if (!hasTrainer()) {
      return "run " + run;
    }
    Instant time = Instant.ofEpochMilli(since).truncatedTo(ChronoUnit.SECONDS);
    return "run %s (process %s on host %s since %s)".formatted(run, process, host, time);
  }
}
