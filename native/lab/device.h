// What the lab holds of the device while it measures; all throw the sentence of the call that failed.
#pragma once
#include <string>

#include "../include/kinema.h"

namespace kn::lab {
inline void must(kn_status status) {
    if (status != KN_OK) throw std::string(kn_last_error());
}

inline uint64_t must_make(uint64_t handle) {
    if (handle == 0) throw std::string(kn_last_error());
    return handle;
}

/// Something that is made, and ended by a function of the interface.
template <kn_status (*END)(uint64_t)> class Owned {
  public:
    explicit Owned(uint64_t handle) : handle_(must_make(handle)) {}
    ~Owned() { END(handle_); }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    uint64_t get() const { return handle_; }

  private:
    uint64_t handle_;
};
using OwnedMemory = Owned<kn_memory_free>;
using OwnedStream = Owned<kn_stream_destroy>;
using OwnedEvent = Owned<kn_event_destroy>;
using OwnedGraph = Owned<kn_graph_destroy>;

/// Seconds between two marks on a stream.
class Watch {
  public:
    explicit Watch(kn_handle stream) : stream_(stream), from_(kn_event_create()), to_(kn_event_create()) {}

    template <class F> double seconds(F&& work) {
        must(kn_event_record(from_.get(), stream_));
        must(work());
        must(kn_event_record(to_.get(), stream_));
        must(kn_event_synchronize(to_.get()));
        return kn_event_elapsed(from_.get(), to_.get()) / 1e3;
    }

  private:
    kn_handle stream_;
    OwnedEvent from_, to_;
};
}  // namespace kn::lab
