package org.mobula.cli;

import java.io.PrintWriter;
import java.util.Optional;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicyFile;
import org.mobula.core.policy.PolicyRunner;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;

/** One episode to watch: on a terminal at 30 frames a second, in a pipe as fast as it goes. */
final class Playback implements AutoCloseable {
  private static final long NANOS_PER_FRAME = 1_000_000_000 / 30;
  private static final String CLEAR_TO_END_OF_LINE = "\u001b[K";
  private static final String CLEAR_TO_END_OF_SCREEN = "\u001b[J";

  private final Environment environment;
  private final PolicySpec spec;
  private final PolicyRunner policy;
  private final ActionHead head;
  private final boolean stochastic;
  private final Pcg64 random;
  private final float[] features;
  private final float[] outputs;
  private final float[] action;
  private final boolean[] mask;

  private Playback(
      PolicyFile.Contents contents, Environment environment, boolean stochastic, long seed) {
    this.environment = environment;
    this.spec = contents.spec();
    this.policy = new PolicyRunner(spec, NetworkEngine.AUTO.create(spec.network()));
    this.head = spec.head();
    this.stochastic = stochastic;
    this.random = new Pcg64(seed);
    this.features = new float[spec.observationSpace().flatSize()];
    this.outputs = new float[spec.network().outputs()];
    this.action = new float[spec.actionSpace().size()];
    this.mask = new boolean[spec.actionSpace().maskSize()];
    policy.set(contents.snapshot());
  }

  static void play(
      PolicyFile.Contents contents,
      String name,
      EnvironmentFactory factory,
      long seed,
      boolean stochastic,
      Terminal terminal,
      PrintWriter out) {
    try (Playback playback = new Playback(contents, factory.create(), stochastic, seed)) {
      playback.play(name, seed, terminal.out(), out);
    }
  }

  private void play(String name, long seed, boolean terminal, PrintWriter out) {
    Step step = new Step(spec.observationSpace());
    environment.reset(Reset.seeded(seed), step.observation);
    if (environment.renderText().isEmpty()) {
      throw CommandFailure.usage(
          name + " has no picture in characters", "Leave out --render to see its returns.");
    }
    double sum = 0;
    int length = 0;
    int linesAbove = show(environment.renderText(), terminal, 0, out);
    long due = System.nanoTime();
    do {
      choose(step.observation);
      step.clear();
      environment.step(action, step);
      sum += step.reward;
      length++;
      if (terminal) {
        due += NANOS_PER_FRAME;
        sleepUntil(due);
      }
      linesAbove = show(environment.renderText(), terminal, linesAbove, out);
    } while (!step.done());
    out.printf("return %.1f after %d steps of %s%n", sum, length, name);
  }

  private void choose(float[] observation) {
    policy.flatten(observation, 1, features);
    policy.normalize(features, 1);
    policy.forward(features, 1, outputs);
    if (environment.masksActions()) {
      environment.actionMask(mask);
      head.mask(outputs, 0, mask, 0);
    }
    if (stochastic) {
      head.distribution().sample(outputs, 0, random, action, 0);
    } else {
      head.distribution().mode(outputs, 0, action, 0);
    }
    head.clip(action, 0);
  }

  /** Draws a frame, on a terminal over the one before; returns its lines. */
  private static int show(
      Optional<String> picture, boolean terminal, int linesAbove, PrintWriter out) {
    String frame = picture.orElse("").stripTrailing() + "\n";
    int lines = (int) frame.lines().count();
    if (terminal) {
      String up = linesAbove == 0 ? "" : "\r\u001b[" + linesAbove + "A";
      out.print(up + frame.replace("\n", CLEAR_TO_END_OF_LINE + "\n") + CLEAR_TO_END_OF_SCREEN);
    } else {
      out.println(frame);
    }
    out.flush();
    return lines;
  }

  private static void sleepUntil(long due) {
    try {
      Thread.sleep(Math.max(0, due - System.nanoTime()) / 1_000_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    environment.close();
    policy.close();
  }
}
