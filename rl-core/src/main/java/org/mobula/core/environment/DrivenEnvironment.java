package org.mobula.core.environment;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Space;

/**
 * An environment around a simulator that owns its main loop and calls out for decisions: such are
 * most discrete-event simulators and games. {@link #run} is that loop.
 *
 * <p>Each run has a daemon thread of its own, which works while the thread that resets and steps
 * waits, and the other way round: never both. So a run needs no locks, and the same seed and
 * actions lead to the same episode. A run that returns after {@link Decisions#end} was one episode,
 * and the next reset begins a new run. One that asks for another action instead continues at a
 * reset without seed and options. Any other reset, and {@link #close}, abandon the run with {@link
 * Decisions.Abandoned}, and wait until its thread has ended.
 *
 * <p>What a run throws is thrown by the step or reset that waits for it. An interrupt of the
 * waiting thread reaches the thread of the run. The state cannot be saved.
 */
public abstract class DrivenEnvironment implements Environment {
  private final Space observationSpace;
  private final Space actionSpace;
  private final boolean[] mask;
  private Pcg64 random = new Pcg64(0);
  private @Nullable Run run;

  /** Whether a step or reset is waiting for the simulator, for one that closes from beside. */
  private volatile boolean busy;

  private volatile boolean closed;

  /**
   * Of what a simulator observes and decides.
   *
   * @param observationSpace what {@link Decisions#act} is asked with
   * @param actionSpace what it answers
   */
  protected DrivenEnvironment(Space observationSpace, Space actionSpace) {
    this.observationSpace = observationSpace;
    this.actionSpace = actionSpace;
    this.mask = new boolean[actionSpace.maskSize()];
    Arrays.fill(mask, true);
  }

  /**
   * Simulates one episode, or one after the other.
   *
   * @throws Exception by which the step or reset fails that waits for the run
   */
  protected abstract void run(Decisions decisions) throws Exception;

  @Override
  public final Space observationSpace() {
    return observationSpace;
  }

  @Override
  public final Space actionSpace() {
    return actionSpace;
  }

  @Override
  public final void reset(Reset reset, float[] observation) {
    requireOpen();
    busy = true;
    try {
      begin(reset, observation);
    } finally {
      busy = false;
    }
  }

  private void begin(Reset reset, float[] observation) {
    Run present = run;
    boolean continues =
        present != null
            && present.betweenEpisodes()
            && reset.seed() == null
            && reset.options().equals(present.options);
    if (present == null || !continues) {
      abandon();
      random = reset.random(random);
      present = new Run(reset.options(), random);
      present.begin();
      run = present; // not one whose thread could not be started
      present.awaitDecision();
    }
    present.startEpisode(observation);
  }

  @Override
  public final void step(float[] action, Step step) {
    requireOpen();
    Run present = run;
    if (present == null || !present.inEpisode()) {
      throw new IllegalStateException("no episode is running: reset before the next step");
    }
    busy = true;
    try {
      present.answer(action, step);
    } finally {
      busy = false;
    }
  }

  @Override
  public final void actionMask(boolean[] mask) {
    System.arraycopy(this.mask, 0, mask, 0, mask.length);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException(getClass().getSimpleName() + " is closed");
    }
  }

  private void abandon() {
    Run present = run;
    run = null;
    if (present != null) {
      present.abandon();
    }
  }

  /**
   * Abandons the run; an override must call this. Called while another thread waits for a step, it
   * interrupts the run and leaves the rest to that thread, whose step fails.
   */
  @Override
  public void close() {
    closed = true;
    Run present = run;
    if (busy && present != null) {
      present.giveUp();
    } else {
      abandon();
    }
  }

  @Override
  public String toString() {
    return getClass().getSimpleName();
  }

  /** What one of two threads waits for, and the other gives. */
  private static final class Signal {
    private volatile boolean given;
    private volatile @Nullable Thread waiting;

    void give() {
      given = true;
      LockSupport.unpark(waiting);
    }

    /**
     * Waits for the signal, and takes it.
     *
     * @param heir is interrupted when the waiting thread is
     */
    void await(@Nullable Thread heir) {
      waiting = Thread.currentThread();
      boolean interrupted = false;
      while (!given) {
        LockSupport.park(this);
        if (Thread.interrupted()) {
          interrupted = true;
          if (heir != null) {
            heir.interrupt();
          }
        }
      }
      waiting = null;
      given = false;
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** One run with its thread. What is not volatile belongs to whichever thread has the turn. */
  private final class Run implements Decisions, Runnable {
    /** So many times the throwable may be caught before the thread is given up. */
    private static final int PATIENCE = 100;

    private final Map<String, Object> options;
    private final Pcg64 random;
    private final Thread thread;
    private final Signal asked = new Signal();
    private final Signal answered = new Signal();
    private final float[] observation = new float[observationSpace.size()];
    private final float[] last = new float[observationSpace.size()];
    private final float[] action = new float[actionSpace.size()];
    private final boolean[] allowed = new boolean[actionSpace.maskSize()];
    private double reward;
    private double lastReward;
    private @Nullable End end;
    private boolean asking;
    private boolean playing;
    private int refusals;
    private @Nullable Throwable failure;
    private volatile boolean over;
    private volatile boolean abandoned;
    private volatile boolean stuck;

    Run(Map<String, Object> options, Pcg64 random) {
      this.options = options;
      this.random = random;
      this.thread = new Thread(this, "driven-" + name());
      thread.setDaemon(true);
    }

    private String name() {
      return StepInProgress.name(DrivenEnvironment.this);
    }

    // The side that resets and steps.

    void begin() {
      thread.start();
    }

    void awaitDecision() {
      asked.await(thread);
    }

    /** Whether the run asks for the first action of an episode that no reset has begun. */
    boolean betweenEpisodes() {
      return asking && !playing;
    }

    boolean inEpisode() {
      return playing;
    }

    void startEpisode(float[] first) {
      requireAsking("before it asked for a decision");
      playing = true;
      System.arraycopy(observation, 0, first, 0, observation.length);
      System.arraycopy(allowed, 0, mask, 0, mask.length);
    }

    void answer(float[] given, Step step) {
      System.arraycopy(given, 0, action, 0, action.length);
      answered.give();
      awaitDecision();
      if (end == null) {
        requireAsking("in the middle of an episode");
        System.arraycopy(observation, 0, step.observation, 0, observation.length);
        System.arraycopy(allowed, 0, mask, 0, mask.length);
        step.reward = reward;
        reward = 0;
        return;
      }
      step.terminated = end == End.TERMINATED;
      step.truncated = end == End.TRUNCATED;
      end = null;
      playing = false;
      if (over) {
        requireNoFailure();
      }
      System.arraycopy(last, 0, step.observation, 0, last.length);
      Arrays.fill(mask, true);
      step.reward = lastReward;
    }

    private void requireAsking(String when) {
      if (closed) {
        abandon();
        throw closedDuringAStep();
      }
      if (!over) {
        return;
      }
      playing = false;
      requireNoFailure();
      throw new IllegalStateException(
          "%s.run returned %s: call decisions.end(TERMINATED or TRUNCATED, observation) before that"
              .formatted(name(), when));
    }

    private IllegalStateException closedDuringAStep() {
      return new IllegalStateException(name() + " was closed during a step");
    }

    private void requireNoFailure() {
      join();
      if (closed) {
        throw closedDuringAStep(); // by which it failed
      }
      Throwable thrown = failure;
      if (thrown instanceof RuntimeException unchecked) {
        throw unchecked;
      } else if (thrown instanceof Error error) {
        throw error;
      } else if (thrown != null) {
        throw new IllegalStateException(name() + ".run threw " + thrown, thrown);
      }
    }

    /** From beside, while the simulator works and another thread waits for it. */
    void giveUp() {
      abandoned = true;
      thread.interrupt();
      answered.give(); // should it have asked in this moment, and the other thread have left
    }

    /** When the simulator does not work: it waits for an answer, or is over. */
    void abandon() {
      abandoned = true;
      playing = false;
      if (!over) {
        answered.give();
        awaitDecision();
      }
      if (stuck) {
        throw new IllegalStateException(
            ("%s.run caught Decisions.Abandoned %s times and asked again: throw it again, or catch"
                    + " Exception where it catches Throwable")
                .formatted(name(), PATIENCE));
      }
      join();
    }

    private void join() {
      boolean interrupted = false;
      while (true) {
        try {
          thread.join();
          break;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    // The side of the simulator.

    @Override
    public void run() {
      try {
        DrivenEnvironment.this.run(this);
      } catch (Throwable e) {
        failure = e;
      }
      over = true;
      asked.give();
    }

    @Override
    public float[] act(float[] observation) {
      Arrays.fill(allowed, true);
      return ask(observation);
    }

    @Override
    public float[] act(float[] observation, boolean[] choices) {
      if (!masksActions()) {
        throw new IllegalArgumentException(
            "%s gives a mask but its masksActions() is false: override it".formatted(name()));
      }
      requireLength("the mask has", choices.length, allowed.length);
      System.arraycopy(choices, 0, allowed, 0, allowed.length);
      return ask(observation);
    }

    private float[] ask(float[] now) {
      requireWanted();
      requireLength("the observation has", now.length, observation.length);
      System.arraycopy(now, 0, observation, 0, now.length);
      asking = true;
      asked.give();
      answered.await(null);
      asking = false;
      requireWanted();
      return action;
    }

    private void requireWanted() {
      if (!abandoned) {
        return;
      }
      refusals++;
      if (refusals > PATIENCE) {
        stuck = true;
        asked.give();
        while (true) {
          LockSupport.park(this); // a thread that cannot be ended must at least not work
        }
      }
      throw new Abandoned();
    }

    private void requireLength(String what, int length, int size) {
      if (length != size) {
        throw new IllegalArgumentException(
            "%s %s numbers but must have %s, as the spaces of %s say"
                .formatted(what, length, size, name()));
      }
    }

    @Override
    public void reward(double part) {
      reward += part;
    }

    @Override
    public void end(End how, float[] observation) {
      requireWanted();
      requireLength("the observation has", observation.length, last.length);
      if (end != null || !playing) {
        throw new IllegalStateException(
            "an episode of %s ends that has not begun: ask for an action first".formatted(name()));
      }
      System.arraycopy(observation, 0, last, 0, last.length);
      end = how;
      lastReward = reward;
      reward = 0;
    }

    @Override
    public Pcg64 random() {
      return random;
    }

    @Override
    public Map<String, Object> options() {
      return options;
    }
  }
}
