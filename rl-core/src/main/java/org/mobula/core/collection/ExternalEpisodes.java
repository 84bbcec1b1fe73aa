package org.mobula.core.collection;

import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.environment.ExternalEnvironment;
import org.mobula.core.space.Box;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;

/**
 * Where programs that play episodes of their own meet a training run: they ask for the actions, and
 * report what came of them. Each plays one episode after the other or many at a time, each episode
 * in a session with a name.
 *
 * <p>Requests wait here until the run {@linkplain #collector collects}, and are done in the order
 * in which they came, in the thread that trains. One that is not answered within the timeout is
 * refused, and may be made again as it is: nothing of it was done. All but the collector is for any
 * thread.
 */
public final class ExternalEpisodes implements AutoCloseable {
  private static final int MOST_WAITING = 10_000;

  /** So that the sum of any parts is a finite float. */
  private static final double GREATEST_REWARD = 1e30;

  private final ExternalEnvironment environment;
  private final Duration timeout;
  private final LongSupplier nanoClock;
  private final BlockingQueue<Request> inbox = new LinkedBlockingQueue<>();
  private final Set<Request> unanswered = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * Without requests yet.
   *
   * @param environment whose episodes they are
   * @param timeout how long a request waits for its answer, and how long a session may be silent
   *     before its episode is given up
   * @param nanoClock the time, as {@link System#nanoTime}
   */
  public ExternalEpisodes(
      ExternalEnvironment environment, Duration timeout, LongSupplier nanoClock) {
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("timeout is " + timeout + " but must be > 0");
    }
    this.environment = environment;
    this.timeout = timeout;
    this.nanoClock = nanoClock;
  }

  /** Why a request is not done. */
  public enum Refusal {
    /** It continues a session that is not open. */
    UNKNOWN_SESSION,
    /** Its session has another request under way, or no action that a reward could be for. */
    OUT_OF_TURN,
    /** Not now: later it may be done. */
    LATER,
    /** The training is over. */
    OVER
  }

  /** Who made a request. One method is called that answers it, once, from any thread. */
  public interface Caller {
    /** Whether nobody waits for the answer any more; then the request is not done. */
    boolean isGone();

    /**
     * Answers that it is not done.
     *
     * @param sentence for a person to read
     */
    void refuse(Refusal why, String sentence);
  }

  /** Who asks for an action. */
  public interface Player extends Caller {
    /**
     * Answers with an action.
     *
     * @param action in the units of the environment; good until this returns
     * @param id by which rewards may name the action
     * @param version of the parameters that chose it
     */
    void act(float[] action, String id, long version);

    /**
     * Answers an observation that was the last of its episode.
     *
     * @param episodeReturn undiscounted sum of the episode's rewards
     * @param steps of the episode
     */
    void end(double episodeReturn, int steps);
  }

  /** Who reports rewards. */
  public interface Rewarder extends Caller {
    /**
     * Answers that the others were counted.
     *
     * @param unmatched those of the rewards whose action is not the last one of an open session
     */
    void counted(BitSet unmatched);
  }

  /**
   * What an episode shows, and what came of its last action.
   *
   * @param session the name of the episode's session
   * @param starts whether it is the first of its episode; null where an unknown session says that
   * @param observation as the observation space encodes it
   * @param mask true where a choice is allowed; empty where actions are not masked
   * @param reward of the last action, beside those reported by its id; null for none
   * @param terminated whether the episode came to an end of its own: this is its final observation
   * @param truncated whether it was cut off: this is its final observation
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  public record Observation(
      String session,
      @Nullable Boolean starts,
      float[] observation,
      boolean[] mask,
      @Nullable Double reward,
      boolean terminated,
      boolean truncated) {
    /** Checks the reward. */
    public Observation {
      if (reward != null) {
        requireReward(reward);
      }
    }

    boolean isLast() {
      return terminated || truncated;
    }
  }

  /**
   * A part of the reward of an action, or that its episode is over.
   *
   * @param action the id that came with it
   * @param terminated whether the episode came to an end of its own
   * @param truncated whether it was cut off. What was seen then is not known: the step is not
   *     learnt from, and the one before counts as the last
   */
  public record Reward(String action, double reward, boolean terminated, boolean truncated) {
    /** Checks the reward. */
    public Reward {
      requireReward(reward);
    }
  }

  /** A request that is answered once, by whoever is first. */
  abstract static class Request {
    private final Caller caller;
    private final long since;
    private final AtomicBoolean answered = new AtomicBoolean();

    Request(Caller caller, long since) {
      this.caller = caller;
      this.since = since;
    }

    final Caller caller() {
      return caller;
    }

    final boolean isAnswered() {
      return answered.get();
    }
  }

  /** A request for an action. */
  static final class Act extends Request {
    final Observation observation;
    final Player player;

    private Act(Observation observation, Player player, long since) {
      super(player, since);
      this.observation = observation;
      this.player = player;
    }
  }

  /** A report of rewards. */
  static final class Rewards extends Request {
    final List<Reward> rewards;
    final Rewarder rewarder;

    private Rewards(List<Reward> rewards, Rewarder rewarder, long since) {
      super(rewarder, since);
      this.rewards = List.copyOf(rewards);
      this.rewarder = rewarder;
    }
  }

  /**
   * Asks for the action that answers an observation, or says that it was the last. The arrays are
   * handed over.
   *
   * @throws IllegalArgumentException if the observation or its mask does not fit the spaces
   */
  public void act(Observation observation, Player player) {
    check(observation.observation());
    check(observation.mask());
    take(new Act(observation, player, nanoClock.getAsLong()));
  }

  /** Reports rewards by the ids of their actions. */
  public void reward(List<Reward> rewards, Rewarder rewarder) {
    take(new Rewards(rewards, rewarder, nanoClock.getAsLong()));
  }

  private void check(float[] observation) {
    Space space = environment.observationSpace();
    requireLength("observation", "numbers", observation.length, space.size());
    for (int i = 0; i < observation.length; i++) {
      if (!Float.isFinite(observation[i])) {
        throw new IllegalArgumentException(
            "element %s of observation is %s but must be a finite number"
                .formatted(i, observation[i]));
      }
    }
    // What is outside a box of numbers is unusual; an index or a byte that is none is nothing.
    boolean any = space instanceof Box box && !box.isBytes();
    if (!any && !space.contains(observation, 0)) {
      throw new IllegalArgumentException("observation is no encoding of a value in " + space);
    }
  }

  private void check(boolean[] mask) {
    Space space = environment.actionSpace();
    requireLength("mask", "flags", mask.length, environment.masksActions() ? space.maskSize() : 0);
    int at = 0;
    for (Space leaf : mask.length == 0 ? List.<Space>of() : space.leaves()) {
      int[] choices =
          leaf instanceof MultiDiscrete multi ? multi.nvec() : new int[] {leaf.maskSize()};
      for (int size : choices) {
        boolean allowed = size == 0;
        for (int end = at + size; at < end; at++) {
          allowed |= mask[at];
        }
        if (!allowed) {
          throw new IllegalArgumentException(
              "mask allows none of %s choices; allow at least one".formatted(size));
        }
      }
    }
  }

  private static void requireLength(String what, String of, int length, int size) {
    if (length != size) {
      throw new IllegalArgumentException(
          "%s has %s %s but must have %s".formatted(what, length, of, size));
    }
  }

  private static void requireReward(double reward) {
    if (!(Math.abs(reward) <= GREATEST_REWARD)) {
      throw new IllegalArgumentException(
          "reward is %s but must be a number from -1e30 to 1e30".formatted(reward));
    }
  }

  private void take(Request request) {
    if (unanswered.size() >= MOST_WAITING) {
      request.caller.refuse(
          Refusal.LATER, MOST_WAITING + " requests wait already; make it again later");
      return;
    }
    unanswered.add(request);
    inbox.add(request);
    if (closed) {
      refuseAsOver(request);
    }
  }

  /**
   * Makes a request this caller's to answer.
   *
   * @return false if it was answered before
   */
  boolean claim(Request request) {
    unanswered.remove(request);
    return request.answered.compareAndSet(false, true);
  }

  void refuse(Request request, Refusal why, String sentence) {
    if (claim(request)) {
      request.caller.refuse(why, sentence);
    }
  }

  /** The next request, in the order of their arrival; null if none came for so long. */
  @Nullable Request next(long nanos) throws InterruptedException {
    return inbox.poll(nanos, TimeUnit.NANOSECONDS);
  }

  boolean isClosed() {
    return closed;
  }

  long timeoutNanos() {
    return timeout.toNanos();
  }

  long now() {
    return nanoClock.getAsLong();
  }

  /** Refuses what has waited for too long; to be called every now and then. */
  public void refuseOverdue() {
    long now = now();
    for (Request request : unanswered) {
      if (now - request.since > timeout.toNanos()) {
        refuse(
            request,
            Refusal.LATER,
            "the request was not answered within %s s: the policy learns, or all of its lanes are"
                    .formatted(seconds())
                + " taken by other sessions; make it again, nothing of it was done");
      }
    }
  }

  String seconds() {
    double seconds = timeout.toMillis() / 1e3;
    return seconds == Math.rint(seconds) ? String.valueOf((long) seconds) : String.valueOf(seconds);
  }

  /**
   * Has the episodes fill an experience, a lane for each of these collectors; see {@link
   * ExperienceSource}. A session stays in a lane until its episode is over or the lane is full.
   * Then it waits for the next collection, or moves to a lane that nobody plays in: its steps in
   * the former one are cut off there, and its value is that of what it saw then. So no lane waits
   * for a session that has gone, and a collection only for sessions that are slow, for the timeout
   * at most. A session that finds no lane waits until there is one.
   *
   * @param lanes of one environment each, in this run's order; closed with the source, and so are
   *     these episodes: they are one run's
   */
  public ExperienceSource collector(List<RolloutCollector> lanes) {
    return new EpisodeCollector(this, lanes);
  }

  private void refuseAsOver(Request request) {
    refuse(request, Refusal.OVER, "the training is over; nothing is learnt from this any more");
  }

  /** Refuses what waits and what will come. */
  @Override
  public void close() {
    closed = true;
    unanswered.forEach(this::refuseAsOver);
  }
}
