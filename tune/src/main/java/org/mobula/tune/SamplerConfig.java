package org.mobula.tune;

import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Key;
import org.mobula.core.config.Range;
import org.mobula.tune.sampler.AutoSampler;
import org.mobula.tune.sampler.CmaEsSampler;
import org.mobula.tune.sampler.GaussianProcessSampler;
import org.mobula.tune.sampler.GridSampler;
import org.mobula.tune.sampler.NsgaIISampler;
import org.mobula.tune.sampler.QuasiRandomSampler;
import org.mobula.tune.sampler.RandomSampler;
import org.mobula.tune.sampler.Sampler;
import org.mobula.tune.sampler.TpeSampler;

/** Who chooses parameters, in a search file: its name, or a mapping with its settings. */
public sealed interface SamplerConfig {
  /**
   * The sampler.
   *
   * @param trials that the study may begin; 0 for no limit
   */
  Sampler create(int trials);

  /** The one that suits the space, the objectives and the number of trials. */
  record Auto() implements SamplerConfig {
    @Override
    public Sampler create(int trials) {
      return new AutoSampler(trials);
    }
  }

  /** Each parameter by itself, uniformly. */
  record Random() implements SamplerConfig {
    @Override
    public Sampler create(int trials) {
      return new RandomSampler();
    }
  }

  /** All combinations, each once. */
  record Grid(
      @Doc("values of a number without a step, evenly from end to end; 0 allows none")
          @Range(min = 0)
          int points)
      implements SamplerConfig {
    /** Checks the values. */
    public Grid {
      Constraints.check(Grid.class, points);
      Constraints.require(points != 1, "points", points, "must be ≥ 2, or 0");
    }

    /** No numbers without a step. */
    public static Grid defaults() {
      return new Grid(0);
    }

    @Override
    public Sampler create(int trials) {
      return points == 0 ? new GridSampler() : new GridSampler(points);
    }
  }

  /** Spread more evenly than by chance: Sobol's sequence, scrambled. */
  record Sobol() implements SamplerConfig {
    @Override
    public Sampler create(int trials) {
      return QuasiRandomSampler.sobol();
    }
  }

  /** Spread more evenly than by chance: Halton's sequence, scrambled. */
  record Halton() implements SamplerConfig {
    @Override
    public Sampler create(int trials) {
      return QuasiRandomSampler.halton();
    }
  }

  /** Tree-structured Parzen estimators. */
  record Tpe(
      @Doc("trials by chance before the estimators are asked") @Range(min = 1) int startupTrials,
      @Doc("choices of which the most promising is taken") @Range(min = 1) int candidates)
      implements SamplerConfig {
    /** Checks the values. */
    public Tpe {
      Constraints.check(Tpe.class, startupTrials, candidates);
    }

    /** 10 trials by chance, and the best of 24. */
    public static Tpe defaults() {
      return new Tpe(10, 24);
    }

    @Override
    public Sampler create(int trials) {
      return new TpeSampler(startupTrials, candidates);
    }
  }

  /** Evolution by an adapted covariance, for numbers. */
  @Key("cma-es")
  record CmaEs() implements SamplerConfig {
    @Override
    public Sampler create(int trials) {
      return new CmaEsSampler();
    }
  }

  /** A Gaussian process with expected improvement, for expensive trials. */
  record Gp(@Doc("trials by chance before the process is asked") @Range(min = 1) int startupTrials)
      implements SamplerConfig {
    /** Checks the values. */
    public Gp {
      Constraints.check(Gp.class, startupTrials);
    }

    /** 10 trials by chance. */
    public static Gp defaults() {
      return new Gp(10);
    }

    @Override
    public Sampler create(int trials) {
      return new GaussianProcessSampler(startupTrials);
    }
  }

  /** Evolution towards the front of several objectives. */
  @Key("nsga-ii")
  record NsgaIi(@Doc("trials of a generation") @Range(min = 2) int population)
      implements SamplerConfig {
    /** Checks the values. */
    public NsgaIi {
      Constraints.check(NsgaIi.class, population);
    }

    /** Generations of 50. */
    public static NsgaIi defaults() {
      return new NsgaIi(50);
    }

    @Override
    public Sampler create(int trials) {
      return new NsgaIISampler(population);
    }
  }
}
