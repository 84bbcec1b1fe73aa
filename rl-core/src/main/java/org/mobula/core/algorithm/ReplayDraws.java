package org.mobula.core.algorithm;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.experience.ReplayBatch;
import org.mobula.core.experience.ReplayMemory;
import org.mobula.core.experience.RewardScaling;
import org.mobula.core.random.Pcg64;

/**
 * The replay memory of a learner, and the minibatches that it draws from it. Where the learner was
 * given recordings, the memory holds all of them from the start and nothing else.
 */
public final class ReplayDraws {
  private final ReplayConfig config;
  private final ReplayMemory memory;
  private final ReplayBatch batch;
  private final Pcg64 random;
  private final @Nullable RewardScaling rewardScaling;
  private final float[] errors;
  private final @Nullable RecordedEpisodes recordings;

  /**
   * An empty memory, or one of the recordings, whatever its capacity is in the settings.
   *
   * @throws IllegalArgumentException if it does not fit the observations, or into the heap
   */
  public ReplayDraws(ReplayConfig config, LearnerSetup setup, double discount, int minibatchSize) {
    this.config = config;
    recordings = setup.recordings();
    memory =
        recordings == null
            ? config.memory(setup.policy(), setup.environments(), discount)
            : RecordedMemory.of(recordings, config, setup.policy(), discount);
    batch = new ReplayBatch(memory.shape(), minibatchSize);
    random = setup.random();
    rewardScaling = setup.rewardScaling();
    errors = new float[minibatchSize];
  }

  /** Keeps what happened. */
  public void add(Experience experience) {
    if (recordings == null) {
      memory.add(experience);
    }
  }

  /** Transitions in the memory. */
  public int size() {
    return memory.size();
  }

  /** The minibatch, filled by {@link #draw}. */
  public ReplayBatch batch() {
    return batch;
  }

  /** What else the learner draws. */
  public Pcg64 random() {
    return random;
  }

  /** Fills the minibatch. */
  public void draw(LearningMoment moment) {
    double importance = config.importanceExponent().at(moment.progress());
    memory.sample(batch.capacity, importance, random, batch);
    if (rewardScaling != null) {
      rewardScaling.scale(batch.rewards, batch.rewards, batch.capacity);
    }
  }

  /** Errors of the minibatch's rows, to be filled before {@link #prioritize}. */
  public float[] errors() {
    return errors;
  }

  /** Draws the minibatch's rows as often as their errors deserve from now on. */
  public void prioritize() {
    memory.prioritize(batch, errors);
  }

  /**
   * Writes the random numbers and the memory, of which a checksum is enough where it is recorded.
   */
  public void writeState(DataOutput out) throws IOException {
    random.writeState(out);
    if (recordings == null) {
      memory.writeState(out);
    } else {
      out.writeLong(recordings.checksum());
    }
  }

  /**
   * Reads what {@link #writeState} wrote.
   *
   * @throws IOException if the recordings are others than those of the state
   */
  public void readState(DataInput in) throws IOException {
    random.readState(in);
    if (recordings == null) {
      memory.readState(in);
    } else {
      RecordedMemory.requireSame(recordings, in.readLong());
    }
  }
}
