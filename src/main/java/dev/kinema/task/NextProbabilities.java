package dev.kinema.task;

import dev.kinema.device.HostArray;

/** What follows texts that are being written, one token after the other; row r is one hypothesis. */
interface NextProbabilities {

    /**
     * Reads one token in each row.
     *
     * @param position how many tokens were read before this one
     * @param tokens one per row
     * @param parents the row whose tokens so far, as of the last call, row r goes on from
     * @return probabilities [rows, vocabulary], valid until the next call
     */
    HostArray read(int position, int[] tokens, int[] parents);
}
