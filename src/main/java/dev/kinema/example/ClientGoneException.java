package dev.kinema.example;

import java.io.IOException;

/** A client's connection does not go on, and there is nobody to be told. */
final class ClientGoneException extends IOException {
    private static final long serialVersionUID = 1L;

    ClientGoneException(IOException cause) {
        super("the client is gone, or was cut off (" + cause + ")", cause);
    }
}
