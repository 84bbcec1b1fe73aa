package org.mobula.cli.composition;

import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.environment.catalogue.EnvironmentOptions;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.rollout.gymnasium.PythonEnvironments;

/** Makes batches of a Python environment, as an entry of the catalogue has it. */
record PythonMaker(EnvironmentConfig config) implements EnvironmentCatalogue.VectorMaker {
  @Override
  public VectorEnvironment make(EnvironmentOptions options, int count) {
    return PythonEnvironments.of(config).create(count);
  }
}
