package org.mobula.cli.train;

import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;

/** What to type where shards turn a trainer or a learner away. */
final class ShardRefusals {
  private ShardRefusals() {}

  static String remedy(RefusedException refused) {
    Refusal reason = refused.refusal();
    return switch (reason) {
      case IN_USE ->
          "{mobula} parameter-server status shows who holds a shard; repeat the command with "
              + TrainCommand.TAKE_OVER
              + " to take it over on purpose.";
      case WRONG_SETTINGS, WRONG_LAYOUT ->
          "Give the training file and the --set that the shards were started with.";
      case WRONG_HISTORY ->
          "{mobula} train --resume RUN "
              + TrainCommand.TAKE_OVER
              + " brings all shards to the run's newest checkpoint.";
      case WRONG_TOKEN ->
          "Give the shards' own token: --token-file, or parameters.server.token-file.";
      case WRONG_TLS ->
          "Set parameters.server.trusted-certificates to the shards' certificate, or to nothing"
              + " where they use no TLS.";
      default -> "--debug shows the stack trace.";
    };
  }
}
