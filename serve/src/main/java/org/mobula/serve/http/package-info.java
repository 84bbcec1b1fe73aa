/** HTTP by Netty: one request in, one answer out, and nothing of what they mean. */
@NullMarked
package org.mobula.serve.http;

import org.jspecify.annotations.NullMarked;
