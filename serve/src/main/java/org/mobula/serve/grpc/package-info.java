/** The Open Inference Protocol v2 over gRPC. */
@NullMarked
package org.mobula.serve.grpc;

import org.jspecify.annotations.NullMarked;
