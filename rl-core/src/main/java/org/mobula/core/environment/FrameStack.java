package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/**
 * Observes the last {@code k} observations, the oldest first: images {@code [channels, height,
 * width]} as {@code [k · channels, height, width]}, which convolutions take, and all else as {@code
 * [k, inner shape]}. An episode starts with {@code k} copies of its first observation.
 */
public final class FrameStack extends EnvironmentWrapper {
  private static final int IMAGE_AXES = 3; // channels, height, width

  private final int frameSize;
  private final Box observationSpace;
  private final float[] frames;
  private final Step innerStep;

  /** Stacks observations, which must be a {@link Box}. */
  public FrameStack(Environment inner, int k) {
    super(inner);
    if (k < 1) {
      throw new IllegalArgumentException("FrameStack k is " + k + " but must be >= 1");
    }
    if (!(inner.observationSpace() instanceof Box box)) {
      throw new IllegalArgumentException(
          "FrameStack needs observations in a Box but they are " + inner.observationSpace());
    }
    frameSize = box.size();
    observationSpace = stack(box, k);
    frames = new float[k * frameSize];
    innerStep = new Step(box);
  }

  private static Box stack(Box box, int k) {
    int[] inner = box.shape();
    boolean image = inner.length == IMAGE_AXES;
    int[] shape = image ? inner : new int[inner.length + 1];
    if (image) {
      shape[0] *= k;
    } else {
      shape[0] = k;
      System.arraycopy(inner, 0, shape, 1, inner.length);
    }
    if (box.isBytes()) {
      return box.isPixels() ? Box.bytes(shape) : Box.bits(shape);
    }
    float[] low = new float[k * box.size()];
    float[] high = new float[k * box.size()];
    for (int frame = 0; frame < k; frame++) {
      System.arraycopy(box.low(), 0, low, frame * box.size(), box.size());
      System.arraycopy(box.high(), 0, high, frame * box.size(), box.size());
    }
    return Box.of(low, high, shape);
  }

  @Override
  public Space observationSpace() {
    return observationSpace;
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    inner().reset(reset, innerStep.observation);
    for (int at = 0; at < frames.length; at += frameSize) {
      System.arraycopy(innerStep.observation, 0, frames, at, frameSize);
    }
    System.arraycopy(frames, 0, observation, 0, frames.length);
  }

  @Override
  public void step(float[] action, Step step) {
    innerStep.clear();
    inner().step(action, innerStep);
    step.take(innerStep);
    int kept = frames.length - frameSize;
    System.arraycopy(frames, frameSize, frames, 0, kept);
    System.arraycopy(innerStep.observation, 0, frames, kept, frameSize);
    System.arraycopy(frames, 0, step.observation, 0, frames.length);
  }

  @Override
  protected void writeOwnState(DataOutput out) throws IOException {
    for (float value : frames) {
      out.writeFloat(value);
    }
  }

  @Override
  protected void readOwnState(DataInput in) throws IOException {
    for (int i = 0; i < frames.length; i++) {
      frames[i] = in.readFloat();
    }
  }
}
