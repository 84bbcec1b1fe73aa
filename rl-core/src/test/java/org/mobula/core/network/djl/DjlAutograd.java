package org.mobula.core.network.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.function.UnaryOperator;

/** PyTorch's automatic differentiation, for tests of gradients that were derived by hand. */
public final class DjlAutograd {
  private DjlAutograd() {}

  /**
   * Differentiates a scalar function at a point.
   *
   * @param point row-major numbers
   * @param shape of the array that the function sees
   * @param function makes one number of the array by operations of DJL
   * @return the derivative by each number
   */
  public static float[] gradient(float[] point, Shape shape, UnaryOperator<NDArray> function) {
    // The scope loads PyTorch, before which nothing of it can be asked.
    try (NDManager scope = DjlEngine.newScope()) {
      boolean before = JniUtils.isGradMode();
      JniUtils.setGradMode(true);
      try {
        NDArray array = scope.create(point, shape);
        array.setRequiresGradient(true);
        NDArray value = function.apply(array);
        NDArray one = scope.ones(value.getShape());
        JniUtils.backward((PtNDArray) value, (PtNDArray) one, false, false);
        return array.getGradient().toFloatArray();
      } finally {
        JniUtils.setGradMode(before);
      }
    }
  }

  /** The function's value there. */
  public static float value(float[] point, Shape shape, UnaryOperator<NDArray> function) {
    try (NDManager scope = DjlEngine.newScope()) {
      return function.apply(scope.create(point, shape)).getFloat();
    }
  }
}
