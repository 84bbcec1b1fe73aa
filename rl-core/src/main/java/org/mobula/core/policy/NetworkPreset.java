package org.mobula.core.policy;

import java.util.List;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.ConvolutionSpec.Convolution;

/** A published network for images, whose last hidden layer policy and value share. */
public enum NetworkPreset {
  /**
   * That of Mnih et al. 2015: three convolutions and a hidden layer of 512, rectified; the network
   * of Stable-Baselines3's {@code CnnPolicy}.
   */
  NATURE_CNN,
  /**
   * The large network of Espeholt et al. 2018 without its memory: residual sections of 16, 32 and
   * 32 filters and a hidden layer of 256, rectified.
   */
  IMPALA;

  List<Integer> hidden() {
    return List.of(this == NATURE_CNN ? 512 : 256);
  }

  List<Convolution> convolutions() {
    return this == NATURE_CNN ? ConvolutionSpec.nature() : List.of();
  }

  List<Integer> residual() {
    return this == NATURE_CNN ? List.of() : List.of(16, 32, 32);
  }
}
