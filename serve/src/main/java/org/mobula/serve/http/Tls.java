package org.mobula.serve.http;

import java.nio.file.Path;

/**
 * Files with the server's certificate, read again when they change.
 *
 * @param certificates PEM file: the server's, then those that vouch for it
 * @param privateKey PEM file, PKCS #8, without a password
 */
public record Tls(Path certificates, Path privateKey) {}
