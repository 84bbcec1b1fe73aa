package org.mobula.serve;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.serve.http.ConnectionsConfig;
import org.mobula.serve.record.RecordConfig;

/** A server: where it listens, what it serves, whom it lets in. */
@RecordBuilder
public record ServeConfig(
    @Doc("name or address to listen at; one other than loopback needs admin-token-file")
        String host,
    @Doc("0 takes a free one") @Range(min = 0, max = 65_535) int port,
    @Doc("port for gRPC, 0 for a free one; none by default") @Range(min = 0, max = 65_535)
        @Nullable Integer grpcPort,
    @Doc("what is served, by name") Map<String, ModelConfig> models,
    @Doc("file with the token of those who may ask models") @Nullable Path readTokenFile,
    @Doc("file with the token of those who may load and unload models too")
        @Nullable Path adminTokenFile,
    @Doc("PEM file with the certificate chain for TLS; read again when it changes")
        @Nullable Path certificate,
    @Doc("PEM file with the certificate's PKCS #8 key") @Nullable Path privateKey,
    @Doc("web origins whose pages may ask, such as https://example.org; * for all")
        List<String> crossOrigins,
    @Doc("where answers and rewards are recorded for offline learning: a directory, or more")
        @Nullable RecordConfig record,
    @Doc("bytes that a request's body or message may have") @Range(min = 1) int bodyLimit,
    @Doc("how many connections there may be, and how long a client may take")
        ConnectionsConfig connections,
    @Doc("whether each answered request is logged") boolean accessLog,
    @Doc("how long requests under way are waited for at the end") @Range(min = 0)
        Duration drainTimeout)
    implements Serializable, ServeConfigBuilder.With {

  /** Checks the values. */
  public ServeConfig {
    models = Collections.unmodifiableMap(new LinkedHashMap<>(models));
    crossOrigins = List.copyOf(crossOrigins);
    Constraints.check(
        ServeConfig.class,
        host,
        port,
        grpcPort,
        models,
        readTokenFile,
        adminTokenFile,
        certificate,
        privateKey,
        crossOrigins,
        record,
        bodyLimit,
        connections,
        accessLog,
        drainTimeout);
    models.keySet().forEach(ServeConfig::checkName);
    Constraints.require(
        (certificate == null) == (privateKey == null),
        "private-key",
        privateKey,
        "must be given together with certificate");
    Constraints.require(
        readTokenFile == null || adminTokenFile != null,
        "admin-token-file",
        adminTokenFile,
        "must be given where read-token-file is");
  }

  static void checkName(String name) {
    Constraints.require(
        name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,99}"),
        "models",
        name,
        "must be named by up to 100 letters, digits, dots, dashes and underscores");
  }

  /** Nothing yet, on loopback at port 8080. */
  public static ServeConfig defaults() {
    return new ServeConfig(
        "127.0.0.1",
        8080,
        null,
        Map.of(),
        null,
        null,
        null,
        null,
        List.of(),
        null,
        64 << 20,
        ConnectionsConfig.defaults(),
        false,
        Duration.ofSeconds(30));
  }
}
