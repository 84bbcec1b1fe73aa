package org.mobula.core.runtime;

import io.soabase.recordbuilder.core.RecordBuilder;
import org.jspecify.annotations.Nullable;

/**
 * How an actor is to live.
 *
 * @param name unique among the living actors of a runtime; null for an actor without a name
 * @param resources held from its first start to its final death; none by default. Give resources to
 *     an actor that owns something (a GPU, a core of its own)
 * @param callResources of an actor without resources: held while it serves calls, one CPU by
 *     default. Take a fraction for calls that wait more than they compute
 * @param maxRestarts new objects after the first one died; −1 without limit. A factory that throws
 *     is tried again after 10 ms, then after twice as long each time, up to 10 s; from its eighth
 *     failure in a row on the calls that wait fail with an {@link ActorDiedException}, and it is
 *     tried again when the next call comes
 * @param maxConcurrency calls that may run at once; above 1 the actor must be thread-safe and the
 *     order of calls is not kept
 * @param mailboxCapacity calls that may wait
 * @param whenFull what a call to a full mailbox does
 * @param placement a wish, where there are several machines
 */
@RecordBuilder
public record ActorOptions(
    @Nullable String name,
    Resources resources,
    Resources callResources,
    int maxRestarts,
    int maxConcurrency,
    int mailboxCapacity,
    WhenFull whenFull,
    Placement placement)
    implements ActorOptionsBuilder.With {

  /** A mailbox without a bound. */
  public static final int UNBOUNDED = Integer.MAX_VALUE;

  private static final ActorOptions DEFAULT =
      new ActorOptions(
          null, Resources.NONE, Resources.ONE_CPU, 0, 1, UNBOUNDED, WhenFull.BLOCK, Placement.PACK);

  /** Checks the values. */
  public ActorOptions {
    String who = name == null ? "an actor" : "actor '" + name + "'";
    if (name != null && name.isBlank()) {
      throw new IllegalArgumentException("actor name is blank; use a real one or none");
    }
    if (!resources.isEmpty() && !callResources.equals(Resources.ONE_CPU)) {
      throw new IllegalArgumentException(
          "callResources of %s are %s, but its calls run on the resources that it holds (%s); give one of the two"
              .formatted(who, callResources, resources));
    }
    if (maxRestarts < -1) {
      throw new IllegalArgumentException(
          "maxRestarts of %s is %s but must be >= 0, or -1 for no limit"
              .formatted(who, maxRestarts));
    }
    if (maxConcurrency < 1) {
      throw new IllegalArgumentException(
          "maxConcurrency of %s is %s but must be >= 1".formatted(who, maxConcurrency));
    }
    if (mailboxCapacity < 1) {
      throw new IllegalArgumentException(
          "mailboxCapacity of %s is %s but must be >= 1".formatted(who, mailboxCapacity));
    }
  }

  /** Without a name, resources, restarts or a bound on the mailbox; one call at a time. */
  public static ActorOptions defaults() {
    return DEFAULT;
  }

  /** The defaults with a name. */
  public static ActorOptions named(String name) {
    return DEFAULT.withName(name);
  }
}
