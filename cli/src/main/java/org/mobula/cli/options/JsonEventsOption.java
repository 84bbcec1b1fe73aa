package org.mobula.cli.options;

import picocli.CommandLine.Option;

/** Whether a command that goes on for a while reports what happens as JSON. */
public final class JsonEventsOption {
  @Option(
      names = "--json",
      description = "Print events as JSON, one a line, and nothing else, on standard output.")
  private boolean given;

  public boolean isGiven() {
    return given;
  }
}
