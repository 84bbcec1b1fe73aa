package org.mobula.core.environment;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

/** A corridor in a draught whose loop runs by itself, and the same one step by step. */
final class DrivenCorridor extends DrivenEnvironment {
  static final int LENGTH = 5;

  private final Queue<Thread> threads;

  DrivenCorridor() {
    this(new ConcurrentLinkedQueue<>());
  }

  /** Notes the threads of its runs. */
  DrivenCorridor(Queue<Thread> threads) {
    super(Box.of(-LENGTH, LENGTH, 1), new Discrete(2));
    this.threads = threads;
  }

  @Override
  protected void run(Decisions decisions) {
    threads.add(Thread.currentThread());
    int place = decisions.random().nextInt(3) - 1;
    while (Math.abs(place) < LENGTH) {
      float[] action = decisions.act(new float[] {place});
      place += action[0] == 1 ? 1 : -1;
      if (decisions.random().nextDouble() < 0.1) {
        place = Math.max(place - 1, -LENGTH);
      }
      decisions.reward(-0.1);
      if (place == LENGTH) {
        decisions.reward(1);
      }
    }
    decisions.end(Decisions.End.TERMINATED, new float[] {place});
  }

  /** The same, driven by its caller. */
  static final class Stepped implements Environment {
    private Pcg64 random = new Pcg64(0);
    private int place;

    @Override
    public Box observationSpace() {
      return Box.of(-LENGTH, LENGTH, 1);
    }

    @Override
    public Discrete actionSpace() {
      return new Discrete(2);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      random = reset.random(random);
      place = random.nextInt(3) - 1;
      observation[0] = place;
    }

    @Override
    public void step(float[] action, Step step) {
      place += action[0] == 1 ? 1 : -1;
      if (random.nextDouble() < 0.1) {
        place = Math.max(place - 1, -LENGTH);
      }
      step.reward = -0.1;
      if (place == LENGTH) {
        step.reward += 1;
      }
      step.terminated = Math.abs(place) == LENGTH;
      step.observation[0] = place;
    }
  }
}
