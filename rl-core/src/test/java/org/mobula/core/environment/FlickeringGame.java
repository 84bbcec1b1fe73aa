package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

/**
 * A game of three lives whose pictures, rewards and ends follow from the time and the action alone,
 * so that the same could be written in Python, where {@code atari-preprocessing.json} was recorded.
 */
final class FlickeringGame implements Environment {
  static final int HEIGHT = 21;
  static final int WIDTH = 16;

  private int time;
  private int lives;
  private int action;

  @Override
  public Box observationSpace() {
    return Box.bytes(HEIGHT, WIDTH, 3);
  }

  @Override
  public Discrete actionSpace() {
    return new Discrete(4);
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    time = 0;
    lives = 3;
    action = 0;
    show(observation);
  }

  @Override
  public void step(float[] given, Step step) {
    time++;
    action = (int) given[0];
    step.reward = (time * 7 + action * 3) % 5 - 1;
    if ((time + action) % 23 == 0) {
      lives--;
    }
    step.terminated = lives == 0;
    show(step.observation);
  }

  private void show(float[] observation) {
    int at = 0;
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        for (int c = 0; c < 3; c++) {
          int flicker = y * x * time % 7 * 11;
          observation[at++] = (y * 31 + x * 17 + c * 57 + time * 13 + action * 29 + flicker) % 256;
        }
      }
    }
  }

  @Override
  public int lives() {
    return lives;
  }

  @Override
  public boolean savesState() {
    return true;
  }

  @Override
  public void writeState(DataOutput out) throws IOException {
    out.writeInt(time);
    out.writeInt(lives);
    out.writeInt(action);
  }

  @Override
  public void readState(DataInput in) throws IOException {
    time = in.readInt();
    lives = in.readInt();
    action = in.readInt();
  }
}
