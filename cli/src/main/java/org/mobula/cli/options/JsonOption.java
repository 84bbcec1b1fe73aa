package org.mobula.cli.options;

import picocli.CommandLine.Option;

/** Whether a command prints JSON instead of words. */
public final class JsonOption {
  @Option(names = "--json", description = "Print JSON.")
  private boolean given;

  public boolean isGiven() {
    return given;
  }
}
