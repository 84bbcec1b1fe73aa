package org.mobula.core.environment;

import java.awt.Graphics2D;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Optional;
import org.mobula.core.space.Space;

/** Hands everything on to the environment inside; a wrapper overrides what it changes. */
public abstract class EnvironmentWrapper implements Environment {
  private final Environment inner;

  /** Wraps an environment, which is closed with the wrapper. */
  protected EnvironmentWrapper(Environment inner) {
    this.inner = inner;
  }

  /** The environment inside. */
  public final Environment inner() {
    return inner;
  }

  @Override
  public Space observationSpace() {
    return inner.observationSpace();
  }

  @Override
  public Space actionSpace() {
    return inner.actionSpace();
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    inner.reset(reset, observation);
  }

  @Override
  public void step(float[] action, Step step) {
    inner.step(action, step);
  }

  @Override
  public boolean masksActions() {
    return inner.masksActions();
  }

  @Override
  public void actionMask(boolean[] mask) {
    inner.actionMask(mask);
  }

  @Override
  public int lives() {
    return inner.lives();
  }

  @Override
  public Optional<String> renderText() {
    return inner.renderText();
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    return inner.draw(graphics, width, height);
  }

  @Override
  public double secondsPerStep() {
    return inner.secondsPerStep();
  }

  @Override
  public boolean savesState() {
    return inner.savesState();
  }

  @Override
  public final void writeState(DataOutput out) throws IOException {
    writeOwnState(out);
    inner.writeState(out);
  }

  @Override
  public final void readState(DataInput in) throws IOException {
    readOwnState(in);
    inner.readState(in);
  }

  /** Writes what the wrapper itself must remember; nothing unless overridden. */
  protected void writeOwnState(DataOutput out) throws IOException {}

  /** Reads what {@link #writeOwnState} wrote. */
  protected void readOwnState(DataInput in) throws IOException {}

  @Override
  public void close() {
    inner.close();
  }

  @Override
  public String toString() {
    return getClass().getSimpleName() + "(" + inner + ")";
  }
}
