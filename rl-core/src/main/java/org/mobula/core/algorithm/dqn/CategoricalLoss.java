package org.mobula.core.algorithm.dqn;

import java.util.Arrays;

/**
 * The distribution of returns over evenly spaced atoms, as logits (C51; Bellemare, Dabney and Munos
 * 2017, algorithm 1). The target distribution is shifted, held to the range of the atoms, and
 * shared out between the two nearest; the loss is the cross-entropy. One thread at a time.
 */
final class CategoricalLoss implements ValueLoss {
  private final float[] atoms;
  private final float least;
  private final float greatest;
  private final float spacing;
  private final double[] probabilities;
  private final double[] target;

  /**
   * Atoms from the least to the greatest return.
   *
   * @param count at least 2
   */
  CategoricalLoss(int count, float least, float greatest) {
    this.least = least;
    this.greatest = greatest;
    spacing = (greatest - least) / (count - 1);
    atoms = new float[count];
    for (int i = 0; i < count; i++) {
      atoms[i] = least + i * spacing;
    }
    probabilities = new double[count];
    target = new double[count];
  }

  @Override
  public double gradient(ValueRows rows, float scale) {
    int size = atoms.length;
    Arrays.fill(rows.gradients, 0, rows.count * rows.actions * size, 0);
    double sum = 0;
    for (int row = 0; row < rows.count; row++) {
      int next = (row * rows.actions + rows.nextActions[row]) * size;
      project(rows.nextValues, next, rows.reward(row), rows.discount(row));
      int at = (row * rows.actions + rows.action(row)) * size;
      double logSum = softmax(rows.values, at);
      float weight = rows.weight(row);
      double loss = 0;
      for (int atom = 0; atom < size; atom++) {
        loss -= target[atom] * (rows.values[at + atom] - logSum);
        // The target sums to 1, so this is the whole derivative of the cross-entropy.
        rows.gradients[at + atom] = (float) (scale * weight * (probabilities[atom] - target[atom]));
      }
      rows.errors[row] = (float) loss;
      sum += weight * loss;
    }
    return sum;
  }

  private void project(float[] nextOutputs, int offset, float reward, float discount) {
    Arrays.fill(target, 0);
    if (discount == 0) {
      share(reward, 1);
      return;
    }
    softmax(nextOutputs, offset);
    for (int atom = 0; atom < atoms.length; atom++) {
      share(reward + discount * atoms[atom], probabilities[atom]);
    }
  }

  private void share(float value, double probability) {
    double place = (Math.max(least, Math.min(greatest, value)) - least) / spacing;
    // Rounding must not lead beyond the last atom.
    int below = Math.min(atoms.length - 1, (int) place);
    double above = Math.min(1, place - below);
    target[below] += probability * (1 - above);
    if (above > 0) {
      target[Math.min(atoms.length - 1, below + 1)] += probability * above;
    }
  }

  /** Writes the probabilities of the logits; gives the logarithm of the sum of exponentials. */
  private double softmax(float[] logits, int offset) {
    double max = Double.NEGATIVE_INFINITY;
    for (int atom = 0; atom < atoms.length; atom++) {
      max = Math.max(max, logits[offset + atom]);
    }
    double sum = 0;
    for (int atom = 0; atom < atoms.length; atom++) {
      probabilities[atom] = Math.exp(logits[offset + atom] - max);
      sum += probabilities[atom];
    }
    for (int atom = 0; atom < atoms.length; atom++) {
      probabilities[atom] /= sum;
    }
    return max + Math.log(sum);
  }
}
