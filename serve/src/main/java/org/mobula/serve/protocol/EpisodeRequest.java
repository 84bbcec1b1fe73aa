package org.mobula.serve.protocol;

import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.model.Sequence;

/**
 * A request for the next action of an episode that is learnt from, with what came of the last one:
 * {@code {"observation": [0.1, 0.2], "session": "7", "reward": 1.0}}; at the episode's end with
 * {@code "terminated": true} or {@code "truncated": true}, and the final observation.
 *
 * @param observation of the episode
 * @param sequence the session, and whether it starts or ends
 * @param mask 1 where the choice is allowed; null where actions are not masked
 * @param reward of the last action; null if nothing is said
 * @param terminated whether the episode came to an end of its own
 * @param truncated whether it was cut off
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record EpisodeRequest(
    float[] observation,
    Sequence sequence,
    byte @Nullable [] mask,
    @Nullable Double reward,
    boolean terminated,
    boolean truncated) {
  private static final int MAX_ID_LENGTH = 200;

  /**
   * Reads a request. A session that ends by its own word alone was cut off.
   *
   * @param size numbers in an observation
   * @param choices flags in an action mask; 0 where actions are not masked
   * @throws InvalidRequestException saying what is wrong with it and what was expected
   */
  public static EpisodeRequest read(ByteBuffer body, int size, int choices) {
    return Json.read(
        body,
        parser -> {
          Outcome outcome = new Outcome();
          return outcome.of(ActRequest.read(parser, size, choices, outcome));
        });
  }

  private static final class Outcome implements ActRequest.OtherFields {
    private static final List<String> FIELDS = List.of("reward", "terminated", "truncated");

    private @Nullable Double reward;
    private boolean terminated;
    private boolean truncated;

    @Override
    public List<String> names() {
      return FIELDS;
    }

    @Override
    public boolean read(String field, JsonParser parser) throws IOException {
      switch (field) {
        case "reward" -> reward = FeedbackRequest.number(parser);
        case "terminated" -> terminated = ActRequest.flag(parser, field);
        case "truncated" -> truncated = ActRequest.flag(parser, field);
        default -> {
          return false;
        }
      }
      return true;
    }

    EpisodeRequest of(ActRequest act) {
      Sequence sequence = act.sequence();
      if (sequence == null) {
        throw new InvalidRequestException(
            "session is missing: give each episode a name, such as \"session\": \"7\"");
      } else if (sequence.id().length() > MAX_ID_LENGTH) {
        throw new InvalidRequestException(
            "the session's name has %s characters but may have %s"
                .formatted(sequence.id().length(), MAX_ID_LENGTH));
      } else if (!act.single()) {
        throw new InvalidRequestException(
            "observations are given but a session shows one after the other; give observation");
      } else if (!act.parameters().isEmpty()) {
        throw new InvalidRequestException(
            "%s is given but the policy explores while it is trained; leave it out"
                .formatted(String.join(" and ", act.parameters().keySet())));
      }
      boolean cutOff = truncated || (sequence.end() && !terminated);
      return new EpisodeRequest(
          act.observations(), sequence, act.masks(), reward, terminated, cutOff);
    }
  }
}
