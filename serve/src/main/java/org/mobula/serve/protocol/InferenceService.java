package org.mobula.serve.protocol;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.batch.Failure;

/**
 * What the calls of the Open Inference Protocol v2 do. Nothing here blocks. What cannot be done is
 * reported by {@link RequestRefusedException}, what is wrong with a request by {@link
 * InvalidRequestException} and {@link org.mobula.serve.model.InvalidInputException}.
 */
public interface InferenceService {
  /** What the server is. */
  Documents.ServerMetadata server();

  /** Whether all models take requests. */
  boolean isReady();

  /**
   * Whether a model takes requests.
   *
   * @param version null for whichever answers by default
   */
  boolean isReady(String model, @Nullable String version);

  /**
   * What a model is.
   *
   * @param version null for whichever answers by default
   */
  Documents.ModelMetadata metadata(String model, @Nullable String version);

  /** All models with their versions. */
  List<Documents.IndexEntry> index(boolean readyOnly);

  /**
   * Computes.
   *
   * @param version null for whichever answers by default
   * @param caller told of the end, unless this throws
   */
  void infer(String model, @Nullable String version, InferRequest request, Caller caller);

  /** Loads a model again that is known. */
  void load(String model, Change change);

  /** Lets a model go; it stays known. */
  void unload(String model, Change change);

  /** Who asks a model. */
  interface Caller {
    /** When the request came, as {@link System#nanoTime}. */
    long receivedNanos();

    /** From then on, how long the caller waits at most; null for as long as the server does. */
    @Nullable Duration patience();

    /** Whether the caller has gone. */
    boolean isAbandoned();

    /** What the request's transport calls it, for the log; empty if it has no name. */
    default String requestId() {
      return "";
    }

    /** Called at most once, from any thread. */
    void succeed(Answer answer);

    /** Called at most once, from any thread. */
    void fail(Failure failure);
  }

  /** Who waits for a change; called once, from any thread. */
  @FunctionalInterface
  interface Change {
    /** It is done, or refused. */
    void end(@Nullable RequestRefusedException refused);
  }
}
